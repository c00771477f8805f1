/* receive_headers.h: the headers and parameters of a request in libmicrohttpd's hands.
 *
 * Owns:    nothing; texts are borrowed from the connection.
 * Threads: that of the connection. */
#ifndef SLUICE_CONNECTORS_RECEIVE_HEADERS_H
#define SLUICE_CONNECTORS_RECEIVE_HEADERS_H

#include <microhttpd.h>

#include "connectors/auth.h"
#include "connectors/receive_framing.h"

/* Functions of an auth_source, whose context is the connection. */
struct auth_value receive_header(void *connection, const char *name);
struct auth_value receive_parameter(void *connection, const char *name);

/* method: as libmicrohttpd gives it, for the place where it stands. */
struct framing receive_headers_framing(struct MHD_Connection *connection, const char *method);

#endif
