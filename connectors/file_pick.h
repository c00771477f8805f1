/* file_pick.h: which entries of an archive are documents of a channel's format. Private to
 * file_zip.c and file_tar.c.
 *
 * Never: folders, "__MACOSX/", names that begin with "._", absolute names, and names with "..".
 * Source:  reference/whatsapp.md 7.1, telegram.md (result.json).
 * Threads: no state. */
#ifndef SLUICE_CONNECTORS_FILE_PICK_H
#define SLUICE_CONNECTORS_FILE_PICK_H

#include <stdbool.h>
#include <stdint.h>
#include <zip.h>

#include "lib/str.h"

struct file_picks {
    uint64_t *indices; /* in the archive's order; free() */
    size_t count;
};

/* Of a zip archive, all of which can be looked at first. */
void file_pick(zip_t *archive, struct str channel, struct str format, struct file_picks *picks_out);
/* Of an archive that is read from its beginning: whether an entry is taken, by its name alone. */
bool file_pick_wants(struct str channel, struct str format, struct str name);
/* What the entries looked for are, for messages: "an exported chat (.txt)". */
const char *file_pick_wanted(struct str channel, struct str format);

#endif
