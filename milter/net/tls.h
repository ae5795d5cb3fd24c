/*
 * TLS for outgoing connections, by OpenSSL.
 */
#ifndef MILTER_STRICT_TLS_H
#define MILTER_STRICT_TLS_H

#include "channel.h"

struct tls_client; /* settings that connections share; any number of threads */

struct tls_client_options {
  const char *ca_file;          /* PEM; NULL: the system's authorities */
  const char *certificate_file; /* PEM, with its chain; NULL: none is shown */
  const char *key_file;         /* PEM; NULL: it stands in the certificate's file */
  bool verify;                  /* refuse a certificate that is not trusted, or of another name */
};

/* NULL, and `why`, when a file cannot be read or is not what it should be. */
struct tls_client *tls_client_open(const struct tls_client_options *options, struct text *why);
void tls_client_close(struct tls_client *client); /* NULL is fine */

/*
 * Shakes hands on an open channel; from then on it carries TLS, version 1.2 at least. `name` is
 * sent (SNI) unless it is an address, and is what the certificate must be for. After a fault the
 * channel is good for channel_close() only.
 */
enum channel_fault tls_client_start(struct tls_client *client, struct channel *channel,
                                    const char *name, uint64_t deadline, struct text *why);

/* What was agreed on, and whether the certificate is one that `verify` would take, as half a
 * sentence: "TLSv1.3, the certificate is trusted". For a channel on which hands were shaken. */
void tls_describe(const struct channel *channel, struct text *out);

/* For channel.c, which calls them when a channel is under TLS. */
enum channel_fault tls_read(struct channel *channel, char *buffer, size_t size, size_t *got,
                            uint64_t deadline, struct text *why);
enum channel_fault tls_write(struct channel *channel, struct span bytes, uint64_t deadline,
                             struct text *why);
void tls_end(struct channel *channel);

#endif
