/* export_words.h: the words of exported chats, in every language known.
 *
 * Data only: a new language is lines here. Words are in lower case, without marks, without the
 * final dot, and without the angle brackets of <Media omitted>; wa_fold makes a text comparable.
 * Source:  reference/whatsapp.md 7.2 (halves of the day), 7.5 (markers), 7.6 (system lines), 7.1
 * (file names); German and CLDR's day periods for the hours.
 * Threads: constant tables. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_EXPORT_WORDS_H
#define SLUICE_TRANSFORM_WHATSAPP_EXPORT_WORDS_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/str.h"

enum wa_half { WA_HALF_NONE, WA_HALF_FIRST, WA_HALF_SECOND, WA_HALF_NOON };

struct wa_half_word {
    const char *word;
    enum wa_half half;
};
extern const struct wa_half_word wa_half_words[]; /* word == NULL ends them */
/* Between date and time: "klo", "at"; NULL ends them. */
extern const char *const wa_clock_words[];

enum wa_marker {
    WA_MARKER_NONE,
    WA_OMITTED, /* a file of unknown kind that was not exported */
    WA_OMITTED_IMAGE,
    WA_OMITTED_VIDEO,
    WA_OMITTED_VIDEO_NOTE,
    WA_OMITTED_AUDIO,
    WA_OMITTED_STICKER,
    WA_OMITTED_GIF,
    WA_OMITTED_DOCUMENT,
    WA_OMITTED_CONTACT,
    WA_EDITED,
    WA_DELETED,
    WA_DELETED_BY_ADMIN, /* a beginning */
    WA_WAITING,          /* a beginning */
    WA_CALL,             /* a beginning */
    WA_ATTACHED,         /* what stands in brackets after or before a file's name */
    WA_LIVE_LOCATION,
    WA_EMPTY
};

/* What the whole text, folded, says; or what its beginning says. */
enum wa_marker wa_marker_of(struct str folded);
enum wa_marker wa_marker_begins(struct str folded);
/* Whether the folded text holds a phrase of a line that WhatsApp writes itself. */
bool wa_words_is_system(struct str folded);
/* The same of a line that only groups have. */
bool wa_words_is_group(struct str folded);
/* The subtype of a system line; NULL: not one that is known. */
const char *wa_words_subtype(struct str folded);

struct wa_list_word { /* beginnings of the lines of a poll */
    const char *word;
    bool is_option;
};
extern const struct wa_list_word wa_poll_words[]; /* word == NULL ends them */

struct wa_name_shape { /* of a chat's file name: before and after the title */
    const char *before, *after;
};
extern const struct wa_name_shape wa_name_shapes[]; /* before == NULL ends them */

/* Lower case, canonical composition, without marks; blanks of any kind become one space; trimmed,
 * without a final dot. STR_NULL: the arena is full. */
struct str wa_fold(struct arena *arena, struct str text);
/* Canonical composition (NFC). STR_NULL: the arena is full. */
struct str wa_compose(struct arena *arena, struct str text);

#endif
