/*
 * A libmilter filter that does nothing: the measure of what libmilter itself costs.
 *
 *   nothing [--all-events] unix:PATH
 *
 * It negotiates what milter/doors/milter.c does under the default policy: the same events, the same
 * macros, the same events without a reply. With --all-events it negotiates nothing and hears of
 * everything, as a filter that gives no thought to it.
 */
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
                             unsigned long f2, unsigned long f3, unsigned long *actions_out,
                             unsigned long *steps_out, unsigned long *f2_out, unsigned long *f3_out)
{
  static char connect[] = "j {daemon_name} {daemon_addr} {if_addr}", helo[] = "{tls_version}";
  static char mail[] = "i {auth_authen} {tls_version} {verify} {cert_subject}";
  static char rcpt[] = "i {rcpt_mailer} {rcpt_host}", queue[] = "i";

  (void)f2;
  (void)f3;
  *actions_out = actions & SMFIF_SETSYMLIST;
  *steps_out = steps & (SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY | SMFIP_RCPT_REJ | SMFIP_NR_CONN |
                        SMFIP_NR_HELO | SMFIP_NR_DATA);
  *f2_out = 0;
  *f3_out = 0;
  if (*actions_out != 0) {
    (void)smfi_setsymlist(ctx, SMFIM_CONNECT, connect);
    (void)smfi_setsymlist(ctx, SMFIM_HELO, helo);
    (void)smfi_setsymlist(ctx, SMFIM_ENVFROM, mail);
    (void)smfi_setsymlist(ctx, SMFIM_ENVRCPT, rcpt);
    (void)smfi_setsymlist(ctx, SMFIM_DATA, queue);
    (void)smfi_setsymlist(ctx, SMFIM_EOM, queue);
    (void)smfi_setsymlist(ctx, SMFIM_EOH, queue);
  }
  return SMFIS_CONTINUE;
}

/* What is negotiated as silent must be answered so. */
static bool all_events;

static sfsistat silent(void)
{
  return all_events ? SMFIS_CONTINUE : SMFIS_NOREPLY;
}

static sfsistat on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
  (void)ctx;
  (void)name;
  (void)address;
  return silent();
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
  (void)ctx;
  (void)name;
  return silent();
}

static sfsistat on_path(SMFICTX *ctx, char **arguments)
{
  (void)ctx;
  (void)arguments;
  return SMFIS_CONTINUE;
}

static sfsistat on_data(SMFICTX *ctx)
{
  (void)ctx;
  return silent();
}

static sfsistat on_unknown(SMFICTX *ctx, const char *line)
{
  (void)ctx;
  (void)line;
  return SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
  (void)ctx;
  (void)name;
  (void)value;
  return SMFIS_CONTINUE;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t count)
{
  (void)ctx;
  (void)bytes;
  (void)count;
  return SMFIS_CONTINUE;
}

static sfsistat on_any(SMFICTX *ctx)
{
  (void)ctx;
  return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
  static char name[] = "nothing";
  struct smfiDesc filter = {
      .xxfi_name = name,
      .xxfi_version = SMFI_VERSION,
      .xxfi_flags = SMFIF_SETSYMLIST,
      .xxfi_connect = on_connect,
      .xxfi_helo = on_helo,
      .xxfi_envfrom = on_path,
      .xxfi_envrcpt = on_path,
      .xxfi_data = on_data,
      .xxfi_unknown = on_unknown,
      .xxfi_abort = on_any,
      .xxfi_close = on_any,
      .xxfi_negotiate = on_negotiate,
  };

  all_events = argc == 3 && strcmp(argv[1], "--all-events") == 0;
  if (argc != (all_events ? 3 : 2)) {
    fprintf(stderr, "usage: nothing [--all-events] unix:PATH\n");
    return 2;
  }
  if (all_events) {
    filter.xxfi_negotiate = NULL;
    filter.xxfi_header = on_header;
    filter.xxfi_eoh = on_any;
    filter.xxfi_body = on_body;
    filter.xxfi_eom = on_any;
  }
  if (smfi_setconn(argv[argc - 1]) != MI_SUCCESS || smfi_register(filter) != MI_SUCCESS ||
      smfi_setbacklog(128) != MI_SUCCESS || smfi_opensocket(true) != MI_SUCCESS)
    return EXIT_FAILURE;
  return smfi_main() == MI_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}
