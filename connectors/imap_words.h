/* imap_words.h: the words of an IMAP response, and what the responses that matter say.
 *
 * Owns:    texts live in the arena given, or within the response.
 * Errors:  false = the response is not what it should be, or the arena's cap: ignore it.
 * Threads: no state.
 * Source:  RFC 3501 7, 9; RFC 6154 (special use); Google's IMAP extensions (labels).
 */
#ifndef SLUICE_CONNECTORS_IMAP_WORDS_H
#define SLUICE_CONNECTORS_IMAP_WORDS_H

#include <stdint.h>

#include "connectors/imap_reader.h"
#include "lib/arena.h"
#include "lib/buf.h"

enum imap_kind {
    IMAP_OTHER,
    IMAP_TAGGED, /* the end of a command; the rest follows the tag */
    IMAP_STATUS, /* * OK, NO, BAD, BYE, PREAUTH */
    IMAP_FETCH,
    IMAP_LIST,
    IMAP_SEARCH,
    IMAP_EXISTS,
    IMAP_CAPABILITY,
};

/* Which response it is. number_out: that of FETCH and EXISTS; rest_out: what follows the word (of
 * IMAP_TAGGED and IMAP_STATUS with the word). tag: that of the command under way. */
enum imap_kind imap_words_kind(struct str text, struct str tag, int64_t *number_out,
                               struct str *rest_out);

/* The rest of a status response. */
struct imap_status {
    struct str word; /* OK, NO, BAD, BYE */
    struct str code; /* "UIDVALIDITY 7" within the brackets; STR_NULL: none */
    struct str text; /* for people; may name the user */
};
bool imap_words_status(struct str rest, struct imap_status *out);
/* The number in a code such as "UIDNEXT 7". false: it is another code. */
bool imap_words_code(struct str code, const char *name, int64_t *number_out);

struct imap_fetched {
    int64_t uid;         /* 0: not said */
    int64_t size;        /* RFC822.SIZE; -1: not said */
    int64_t received_at; /* INTERNALDATE; TIME_NONE: not said */
    struct str *labels;  /* keywords without system flags, and Gmail's labels */
    size_t label_count;
    bool has_mail;
    struct str mail; /* empty where the server gives NIL */
};
/* The items in their free order; those that are not known are passed over. */
bool imap_words_fetch(struct arena *arena, const struct imap_response *response, struct str rest,
                      struct imap_fetched *out);

enum imap_role { IMAP_ROLE_NONE, IMAP_ROLE_SENT, IMAP_ROLE_ALL, IMAP_ROLE_LEFT_OUT };

struct imap_folder {
    struct str name; /* as the server writes it */
    char separator;  /* of levels; NUL: there are none */
    bool can_be_read;
    enum imap_role role; /* LEFT_OUT: junk, trash, drafts, and what repeats other folders */
};
bool imap_words_list(struct arena *arena, struct str rest, struct imap_folder *out);

/* "21-Nov-2026 05:44:45 +0000" */
bool imap_words_date(struct str text, int64_t *us_out);

/* Appends text as a quoted string. false: it has characters that none can hold, or the buffer is
 * full. */
bool imap_words_quote(struct buf *out, struct str text);

#endif
