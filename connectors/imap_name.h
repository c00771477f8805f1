/* imap_name.h: names of folders: as people write them (UTF-8), as IMAP does (modified UTF-7), and
 * those that a pattern means.
 *
 * Threads: no state.
 * Source:  RFC 3501 5.1, 5.1.3. */
#ifndef SLUICE_CONNECTORS_IMAP_NAME_H
#define SLUICE_CONNECTORS_IMAP_NAME_H

#include "lib/arena.h"

/* p NULL: no UTF-8, or the arena's cap. */
struct str imap_name_encode(struct arena *arena, struct str utf8);
/* For people; a name that is not written as it should be stays as it is. p NULL: the arena's cap.
 */
struct str imap_name_decode(struct arena *arena, struct str name);

/* Both as IMAP writes them. "*" stands for any text; INBOX is written in any case. */
bool imap_name_matches(struct str pattern, struct str name);

/* A usual name of the folder of sent mails, as its last level: for servers that do not mark it. */
bool imap_name_is_sent(struct str name, char separator);

#endif
