/* file_shape.h: what a document is, by its first bytes, whatever it is called.
 *
 * Threads: constant tables.
 * Source:  reference/whatsapp.md 7.2, telegram.md (exports), email.md 3.1, b2chat.md 4, 9. */
#ifndef SLUICE_CONNECTORS_FILE_SHAPE_H
#define SLUICE_CONNECTORS_FILE_SHAPE_H

#include "lib/limits.h"
#include "lib/str.h"

#define FILE_SHAPE_BYTES (8 * KIB) /* as many are looked at */

struct file_shape {
    const char *channel; /* NULL: no channel reads such documents */
    const char *provider, *format;
    const char *what;   /* for people: "an export of Telegram Desktop" */
    const char *advice; /* where no channel reads them: what to do instead */
};

/* NULL: nothing that is known. */
const struct file_shape *file_shape_guess(struct str beginning);

/* Whether a file of this name holds JSON Lines. */
bool file_shape_is_lines(struct str name);

#endif
