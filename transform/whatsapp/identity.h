/* identity.h: who somebody is, by the identifiers that one webhook carries.
 *
 * Identifiers are told apart by their content, never by the key that holds them
 * (reference/whatsapp.md 4.1): a BSUID may stand in "from", a formatted number in "wa_id".
 * Owns:    nothing; texts live in the document's arena.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_IDENTITY_H
#define SLUICE_TRANSFORM_WHATSAPP_IDENTITY_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/str.h"

#define WA_NUMBER_MOST 21 /* digits of a number, in the longer spelling */

struct wa_party {
    struct str bsuid;     /* CO.2048... */
    struct str parent;    /* CO.ENT.2048... */
    struct str wa_id;     /* digits */
    struct str wa_id_raw; /* as received */
    struct str other;     /* a second wa_id of the same person: another spelling, or a former one */
    struct str other_raw;
};

/* Puts a text where it belongs, unless something stands there already. Texts that are no
 * identifier change nothing. false: the arena's cap was reached. */
bool wa_party_add(struct wa_party *party, struct arena *arena, struct str text);
/* Adds whom the id of a message names: base64 behind "wamid." begins with 1c 18, a length, and the
 * number or BSUID of the chat's other side. An id of another form changes nothing. */
bool wa_party_add_wamid(struct wa_party *party, struct arena *arena, struct str wamid);
/* Fills what is missing in party from other, which is the same person. */
void wa_party_merge(struct wa_party *party, const struct wa_party *other);
/* The contact's external id (canonical-model 2.1): BSUID, else wa_id; STR_NULL: nobody. */
struct str wa_party_key(const struct wa_party *party);
/* The same BSUID; or, where one of them is missing, the same number, also in another national
 * spelling (4.2, 7). */
bool wa_party_same(const struct wa_party *a, const struct wa_party *b);
/* The wa_id in one spelling of those that there are nationally, into "digits"; STR_NULL: none. */
struct str wa_party_number(const struct wa_party *party, char digits[static WA_NUMBER_MOST]);
/* The digits of a number without its decoration, into "digits"; STR_NULL: no number. */
struct str wa_number_digits(struct str text, char digits[static WA_NUMBER_MOST]);
/* Whether nothing in them contradicts that they are one person. */
bool wa_party_compatible(const struct wa_party *a, const struct wa_party *b);
/* "+573005550178" of a wa_id; STR_NULL where that is no telephone number (8 to 15 digits). */
struct str wa_party_phone(const struct wa_party *party, struct arena *arena);

#endif
