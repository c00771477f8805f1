/* conf_expand.h: ${...} in the values of a pipeline file.
 *
 *     ${NAME}            environment variable; unset is a fault
 *     ${NAME:-text}      text when NAME is unset or empty
 *     ${NAME:?message}   fault with the message when NAME is unset or empty
 *     ${file:PATH}       contents of a file without one trailing newline; missing or empty is a
 *                        fault; a relative PATH starts at "folder"
 *     $$                 a dollar sign
 *
 * text, message and PATH may hold further ${...}. Done after parsing: a value never becomes
 * structure.
 *
 * Owns:    the result is in the arena, NUL-terminated (not counted).
 * Errors:  RC_REJECT; the message names variable or file, never a value.
 * Threads: reads the environment: only while no thread changes it. */
#ifndef SLUICE_LIB_CONF_EXPAND_H
#define SLUICE_LIB_CONF_EXPAND_H

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

enum rc conf_expand(struct str text, const char *folder, struct arena *arena,
                    struct str *expanded_out, struct err *err) MUST_USE;

#endif
