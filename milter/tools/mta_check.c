#include "mta.h"
void mta_check_postfix(struct mta *mta, FILE *settings) { (void)mta; (void)settings; }
void mta_check_sendmail(struct mta *mta, FILE *settings) { (void)mta; (void)settings; }
