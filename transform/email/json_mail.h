/* json_mail.h: a mail put together from the members of a provider's payload.
 *
 * draft_begin, what the payload says in any order, draft_emit. What was not said is taken from the
 * headers.
 * Owns:    nothing; all lives in the payload's arena.
 * Errors:  running out of the arena's memory is kept and told by draft_emit: RC_REJECT.
 * Threads: one owner.
 * Source:  reference/email.md 1 and 7. */
#ifndef SLUICE_TRANSFORM_EMAIL_JSON_MAIL_H
#define SLUICE_TRANSFORM_EMAIL_JSON_MAIL_H

#include <yajl/yajl_tree.h>

#include "transform/email/payload.h"

struct draft {
    struct map *map;
    struct mail mail;
    struct mail_header *headers;
    struct mail_attachment *attachments;
    struct str *tags;
    bool is_full; /* the arena's cap was reached */
};

void draft_begin(struct draft *draft, struct map *map);

/* raw: as received, STR_NULL: only the value is given. */
void draft_header(struct draft *draft, struct str name, struct str value, struct str raw);
/* "Name: value" lines as received. */
void draft_header_block(struct draft *draft, struct str block);
/* [{"name","value"}] in any case of the names, [["name","value"]], or {"name":"value" or [..]}. */
void draft_headers_json(struct draft *draft, struct str json);

/* A header's text. */
void draft_addresses(struct draft *draft, struct mail_addresses *list, struct str text);
void draft_address(struct draft *draft, struct mail_addresses *list, struct str name,
                   struct str address);
/* A text, an object {"email","name"} in any case, or an array of either. */
void draft_addresses_json(struct draft *draft, struct mail_addresses *list, struct str json);

/* A provider's text as it is stored: LF; STR_NULL where it is empty. */
struct str draft_text(struct draft *draft, struct str text, struct str charset);

/* A zeroed attachment whose size is not known, added to the mail; NULL: no memory. */
struct mail_attachment *draft_attachment(struct draft *draft, struct str filename,
                                         struct str content_type);
/* Its content: base64 text, of which only size and hash are kept. */
void draft_content(struct mail_attachment *attachment, struct draft *draft, struct str base64);
/* Its content: a part of a form. */
void draft_part(struct mail_attachment *attachment, struct draft *draft,
                const struct form_field *part);
/* Without angle brackets. */
struct str draft_content_id(struct str content_id);

void draft_tag(struct draft *draft, struct str tag);
/* A text or an array of texts. */
void draft_tags_json(struct draft *draft, struct str json);

/* Emits the mail; what is missing is taken from the headers. */
enum rc draft_emit(struct draft *draft, struct err *err) MUST_USE;
/* The raw message tells everything but what the draft says of envelope, receipt and provider. */
enum rc draft_emit_raw(struct draft *draft, struct str raw, struct err *err) MUST_USE;

/* Base64 text to bytes in the arena; STR_NULL: no memory. */
struct str base64_decode(struct arena *arena, struct str base64);

/* Members of metadata: json_member_... on map->json in between; STR_NULL: there are none. */
void members_begin(struct map *map);
struct str members_end(struct map *map);
/* A number as a number, another text as a text, nothing of an empty one. */
void member_value(struct json_writer *json, const char *name, struct str value);

/* Any JSON that jpath captured, as a tree, for objects of unknown names; free with yajl_tree_free.
 * NULL: none. */
yajl_val tree_parse(struct str json);
/* A member, the names in any case; NULL: none. */
yajl_val tree_member(yajl_val object, const char *name);
/* A text or a number as text, in the arena. */
struct str tree_text(struct arena *arena, yajl_val value);
/* Of a text itself, or of the first of an array; STR_NULL: none. */
struct str tree_first_text(struct arena *arena, struct str json);

#endif
