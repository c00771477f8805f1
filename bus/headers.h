/* headers.h: a message's headers as bytes, for the embedded bus: for each header the length of the
 * name, the length of the value (HEADERS_NULL = no value), both 32 bits in little-endian order,
 * then the name and the value.
 *
 * Owns:    nothing. Threads: plain values. */
#ifndef SLUICE_BUS_HEADERS_H
#define SLUICE_BUS_HEADERS_H

#include "bus/bus.h"

size_t headers_encoded_bytes(const struct bus_header *headers, size_t count);
/* Writes exactly headers_encoded_bytes; returns the place after them. */
char *headers_encode(const struct bus_header *headers, size_t count, char *to);
/* Headers borrow from bytes; false: not as headers_encode writes them, or more than max. */
bool headers_decode(struct str bytes, struct bus_header *headers_out, size_t max,
                    size_t *count_out);

#endif
