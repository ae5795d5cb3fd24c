/*
 * A probe's bytes over TCP, plain or under TLS.
 */
#include "carrier.h"

#include <errno.h>
#include <time.h>

/* The address that answered first is asked every time: another may be another server. */
static enum channel_fault net_open(void *context, uint64_t deadline, struct text *why)
{
  struct probe_net *net = context;
  enum channel_fault found = CHANNEL_UNKNOWN_HOST;

  if (net->chosen >= 0)
    return channel_open_ip(&net->channel, net->addresses[net->chosen], net->port, deadline, why);
  for (size_t i = 0; i < net->count; i++) {
    uint64_t now = channel_clock(), left = deadline > now ? deadline - now : 0;

    text_clear(why);
    found = channel_open_ip(&net->channel, net->addresses[i], net->port,
                            now + left / (net->count - i), why);
    if (found == CHANNEL_OK) {
      net->chosen = (int)i;
      ip_format(net->addresses[i], net->address);
      break;
    }
  }
  return found;
}

static enum channel_fault net_read(void *context, char *buffer, size_t size, size_t *got,
                                   uint64_t deadline, struct text *why)
{
  struct probe_net *net = context;

  return channel_read(&net->channel, buffer, size, got, deadline, why);
}

static enum channel_fault net_write(void *context, struct span bytes, uint64_t deadline,
                                    struct text *why)
{
  struct probe_net *net = context;

  return channel_write(&net->channel, bytes, deadline, why);
}

static enum channel_fault net_start_tls(void *context, uint64_t deadline, struct text *why)
{
  struct probe_net *net = context;
  enum channel_fault found = tls_client_start(net->tls, &net->channel, net->name, deadline, why);

  if (found == CHANNEL_OK)
    tls_describe(&net->channel, why);
  return found;
}

static void net_close(void *context)
{
  struct probe_net *net = context;

  channel_close(&net->channel);
  net->channel = CHANNEL_NONE;
}

static uint64_t net_clock(void *context)
{
  (void)context;
  return channel_clock();
}

static void net_pause(void *context, uint64_t milliseconds)
{
  struct timespec left = {.tv_sec = (time_t)(milliseconds / 1000),
                          .tv_nsec = (long)(milliseconds % 1000) * 1000000};

  (void)context;
  while (nanosleep(&left, &left) != 0 && errno == EINTR)
    ;
}

struct probe_carrier probe_carrier_net(struct probe_net *net, char *address)
{
  net->address = address;
  net->channel = CHANNEL_NONE;
  net->chosen = -1;
  return (struct probe_carrier){
      .open = net_open,
      .read = net_read,
      .write = net_write,
      .start_tls = net_start_tls,
      .close = net_close,
      .clock = net_clock,
      .pause = net_pause,
      .context = net,
  };
}
