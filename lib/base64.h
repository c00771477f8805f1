/* base64.h: base64 as headers and keys carry it (RFC 4648 4), read strictly.
 *
 * Threads: no state. */
#ifndef SLUICE_LIB_BASE64_H
#define SLUICE_LIB_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/str.h"

/* Padding may be missing; nothing else may. false: no base64, or more than most bytes. */
bool base64_read(struct str text, unsigned char *bytes_out, size_t most, size_t *n_out);

#endif
