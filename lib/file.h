/* file.h: a small file as one text.
 *
 * Owns:    the bytes are in the arena, NUL-terminated (not counted).
 * Errors:  RC_REJECT with path and reason: cannot be opened or read, or larger than most_bytes.
 * Threads: no state. */
#ifndef SLUICE_LIB_FILE_H
#define SLUICE_LIB_FILE_H

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

enum rc file_read(const char *path, size_t most_bytes, struct arena *arena, struct str *text_out,
                  struct err *err) MUST_USE;

#endif
