/*
 * A TLS server in a thread of the test: one connection, on which everything is said back.
 */
#ifndef MILTER_STRICT_TESTS_TLS_SERVER_H
#define MILTER_STRICT_TESTS_TLS_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TLS_SERVER_NAME "redis.example.org"

static struct {
  char certificate[64]; /* file */
  SSL_CTX *context;
  int listening;
  pthread_t thread;
  unsigned tickets; /* that it sends after the handshake, records with no bytes for us; 0: a few */
} tls_server;

static inline const char *tls_server_certificate(void)
{
  return tls_server.certificate;
}

static inline X509 *tls_server_sign(EVP_PKEY *key)
{
  X509 *certificate = X509_new();
  X509_NAME *name = X509_get_subject_name(certificate);
  X509_EXTENSION *other_names =
      X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:" TLS_SERVER_NAME);

  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)TLS_SERVER_NAME, -1,
                             -1, 0);
  X509_set_issuer_name(certificate, name);
  assert_int_equal(X509_add_ext(certificate, other_names, -1), 1);
  X509_EXTENSION_free(other_names);
  assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
  return certificate;
}

/* Makes the key and the certificate, which vouches for itself. */
static inline int tls_server_prepare(void **state)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = tls_server_sign(key);
  FILE *file;
  int fd;

  (void)state;
  snprintf(tls_server.certificate, sizeof(tls_server.certificate), "/tmp/tls-test.XXXXXX");
  fd = mkstemp(tls_server.certificate);
  assert_true(fd >= 0);
  file = fdopen(fd, "w");
  assert_int_equal(PEM_write_X509(file, certificate), 1);
  fclose(file);
  tls_server.context = SSL_CTX_new(TLS_server_method());
  assert_int_equal(SSL_CTX_use_certificate(tls_server.context, certificate), 1);
  assert_int_equal(SSL_CTX_use_PrivateKey(tls_server.context, key), 1);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return 0;
}

static inline int tls_server_finish(void **state)
{
  (void)state;
  SSL_CTX_free(tls_server.context);
  return unlink(tls_server.certificate);
}

static inline void *tls_server_serve(void *nothing)
{
  int fd = accept(tls_server.listening, NULL, NULL), got;
  SSL *tls = SSL_new(tls_server.context);
  char bytes[5000];

  SSL_set_fd(tls, fd);
  if (tls_server.tickets > 0)
    SSL_set_num_tickets(tls, tls_server.tickets);
  if (SSL_accept(tls) == 1)
    while ((got = SSL_read(tls, bytes, sizeof(bytes))) > 0)
      if (SSL_write(tls, bytes, got) != got)
        break;
  SSL_free(tls);
  close(fd);
  return nothing;
}

/* Returns the port. */
static inline uint16_t tls_server_start(void)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof(address);

  tls_server.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(tls_server.listening, (struct sockaddr *)&address, size), 0);
  assert_int_equal(listen(tls_server.listening, 1), 0);
  assert_int_equal(getsockname(tls_server.listening, (struct sockaddr *)&address, &size), 0);
  assert_int_equal(pthread_create(&tls_server.thread, NULL, tls_server_serve, NULL), 0);
  return ntohs(address.sin_port);
}

/* After the client has closed. */
static inline void tls_server_end(void)
{
  pthread_join(tls_server.thread, NULL);
  close(tls_server.listening);
}

#endif
