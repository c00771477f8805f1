/* address.h: "host:port" to a bound TCP socket.
 *
 * Shape:   "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; port 0 = any that is free.
 * Errors:  RC_FATAL, with what to do: malformed, unknown host, in use, not allowed. */
#ifndef SLUICE_CONNECTORS_ADDRESS_H
#define SLUICE_CONNECTORS_ADDRESS_H

#include "lib/err.h"

#define ADDRESS_TEXT_BYTES 80

/* Binds but does not listen yet: until listen(2) the kernel refuses connections. The caller closes
 * *fd_out. real_out: the address with the real port. */
enum rc address_bind(const char *address, int *fd_out, char real_out[static ADDRESS_TEXT_BYTES],
                     struct err *err) MUST_USE;

/* The address of a bound socket. */
void address_of(int fd, char real_out[static ADDRESS_TEXT_BYTES]);

#endif
