/*
 * The policy door and the socket-map door as protocols of streams.
 */
#ifndef MILTER_STRICT_PROTOCOLS_H
#define MILTER_STRICT_PROTOCOLS_H

#include "door.h"
#include "streams.h"

/*
 * What streams_open() needs to serve a door; its context must be the `const struct door_services *`
 * of these streams. NULL for the milter door, which libmilter serves. Static.
 */
const struct stream_protocol *door_protocol(enum door door);

#endif
