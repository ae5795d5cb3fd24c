/*
 * What logs tell of what each rule is about (tells.def).
 */
#ifndef MILTER_STRICT_TELLS_H
#define MILTER_STRICT_TELLS_H

#include "../policy/rules.h"
#include "event.h"

enum maillog_tells { TELLS_NOT, TELLS_PARTLY, TELLS_SEEN };

/* Of this rule, by the log of this mail server, which must not be MAILLOG_NO_MTA. */
enum maillog_tells maillog_tells(enum rule rule, enum maillog_mta mta);

/* Why not more; "" when all is told. Static. */
const char *maillog_tells_why(enum rule rule);

/* "seen", "partly", "cannot be told". Static. */
const char *maillog_tells_name(enum maillog_tells tells);

#endif
