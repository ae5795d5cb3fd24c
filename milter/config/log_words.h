/*
 * The words that the settings of the log can have: one table each for the configuration, the manual
 * and the log itself. log.c makes syslog's numbers of the names with LOG_##name.
 */
#ifndef MILTER_STRICT_LOG_WORDS_H
#define MILTER_STRICT_LOG_WORDS_H

#define LOG_TARGETS(WORD)                                                                          \
  WORD(SYSLOG, "syslog")                                                                           \
  WORD(STDERR, "stderr")

#define LOG_FACILITIES(WORD)                                                                       \
  WORD(MAIL, "mail")                                                                               \
  WORD(DAEMON, "daemon")                                                                           \
  WORD(LOCAL0, "local0")                                                                           \
  WORD(LOCAL1, "local1")                                                                           \
  WORD(LOCAL2, "local2")                                                                           \
  WORD(LOCAL3, "local3")                                                                           \
  WORD(LOCAL4, "local4")                                                                           \
  WORD(LOCAL5, "local5")                                                                           \
  WORD(LOCAL6, "local6")                                                                           \
  WORD(LOCAL7, "local7")

/* In descending order of weight. */
#define LOG_LEVELS(WORD)                                                                           \
  WORD(ERR, "error")       /* something does not work */                                           \
  WORD(WARNING, "warning") /* something will not work, or not as was meant */                      \
  WORD(NOTICE, "notice")   /* a refusal */                                                         \
  WORD(INFO, "info")       /* what would have been refused; start, reload, stop */                 \
  WORD(DEBUG, "debug")     /* what was accepted or exempt, and why */

enum log_target {
#define WORD(name, word) LOG_TARGET_##name,
  LOG_TARGETS(WORD)
#undef WORD
};

enum log_facility {
#define WORD(name, word) LOG_FACILITY_##name,
  LOG_FACILITIES(WORD)
#undef WORD
};

enum log_level {
#define WORD(name, word) LOG_LEVEL_##name,
  LOG_LEVELS(WORD)
#undef WORD
};

#endif
