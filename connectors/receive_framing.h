/* receive_framing.h: what the headers of a request say about its body, read strictly: where two
 * readers could see two ends of it, it is refused (request smuggling, RFC 9112 11.2).
 *
 * libmicrohttpd (0.9.75) refuses a Content-Length that is no number; but it takes the first of
 * several, ignores it beside Transfer-Encoding, reads to the connection's end under a transfer
 * coding that it does not know, and overlooks a header whose name has a blank behind it.
 * Threads: plain values. */
#ifndef SLUICE_CONNECTORS_RECEIVE_FRAMING_H
#define SLUICE_CONNECTORS_RECEIVE_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

enum framing_coding { FRAMING_PLAIN, FRAMING_GZIP, FRAMING_UNKNOWN };

struct framing { /* zero before the first header */
    enum framing_coding coding;
    bool is_faulty;
    bool is_chunked;
    bool has_length;
    uint64_t length;    /* announced; one that is too large for 64 bits is UINT64_MAX */
    bool waits_to_send; /* Expect: the sender wants a word before it sends the body */
    bool has_host, has_coding;
};

void framing_add(struct framing *framing, struct str name, struct str value);
/* After the last header. */
bool framing_is_sound(const struct framing *framing, bool is_http_1_0);

#endif
