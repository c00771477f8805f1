#include "transform/email/json_mail.h"

#include <glib.h>
#include <strings.h>

#include "lib/limits.h"
#include "transform/email/address.h"
#include "transform/email/form_header.h"
#include "transform/email/mime.h"

void draft_begin(struct draft *draft, struct map *map)
{
    *draft = (struct draft){.map = map};
    draft->mail.received_at = TIME_NONE;
    draft->mail.is_sent = map->reader->is_sent;
    draft->mail.offset = payload_offset(map);
    draft->mail.path = payload_path(map);
}

static struct arena *arena_of(const struct draft *draft)
{
    return draft->map->arena;
}

/* Lists grow by doubling: their room is the power of two at or above their count. */
static size_t room_of(size_t count)
{
    size_t room = count > 0 ? 1 : 0;
    while (room < count)
        room *= 2;
    return room;
}

/* Where the list has its elements once it has room for more of them; NULL: no memory. */
static void *with_room(struct draft *draft, void *list, size_t count, size_t more, size_t size)
{
    if (count + more <= room_of(count))
        return list;
    void *copy = arena_alloc(arena_of(draft), room_of(count + more) * size);
    draft->is_full = draft->is_full || copy == NULL;
    if (copy != NULL && count > 0)
        memcpy(copy, list, count * size);
    return copy;
}

/* ---- JSON of unknown names ---- */

yajl_val tree_parse(struct str json)
{
    if (str_is_null(json) || json.n > LIMIT_MAIL_FRAGMENT_BYTES)
        return NULL;
    return yajl_tree_parse(json.p, NULL, 0);
}

yajl_val tree_member(yajl_val object, const char *name)
{
    for (size_t i = 0; YAJL_IS_OBJECT(object) && i < object->u.object.len; i++)
        if (strcasecmp(object->u.object.keys[i], name) == 0)
            return object->u.object.values[i];
    return NULL;
}

struct str tree_text(struct arena *arena, yajl_val value)
{
    if (YAJL_IS_STRING(value))
        return arena_str(arena, str_of(value->u.string));
    return YAJL_IS_NUMBER(value) ? arena_str(arena, str_of(value->u.number.r)) : STR_NULL;
}

struct str tree_first_text(struct arena *arena, struct str json)
{
    yajl_val tree = tree_parse(json);
    bool is_list = YAJL_IS_ARRAY(tree);
    yajl_val first = !is_list ? tree : tree->u.array.len > 0 ? tree->u.array.values[0] : NULL;
    struct str text = tree_text(arena, first);
    yajl_tree_free(tree);
    return payload_text(text);
}

/* ---- metadata ---- */

void member_value(struct json_writer *json, const char *name, struct str value)
{
    if (value.n == 0)
        return;
    if (json_is_number(value))
        json_member_number(json, name, value);
    else
        json_member_text(json, name, value);
}

void members_begin(struct map *map)
{
    json_writer_reset(map->json);
    json_writer_open(map->json, false);
}

struct str members_end(struct map *map)
{
    json_writer_close(map->json, false);
    struct str object = json_writer_peek(map->json);
    if (object.n <= 2)
        return STR_NULL;
    return arena_str(map->arena, (struct str){object.p + 1, object.n - 2});
}

/* ---- headers ---- */

void draft_header(struct draft *draft, struct str name, struct str value, struct str raw)
{
    struct mail *mail = &draft->mail;
    if (name.n == 0 || str_is_null(value))
        return;
    struct mail_header *headers =
        with_room(draft, draft->headers, mail->header_count, 1, sizeof *headers);
    if (headers == NULL)
        return;
    mail->headers = draft->headers = headers;
    draft->headers[mail->header_count++] = (struct mail_header){name, value, raw};
}

/* The lines of one header, laid end to end without their line ends. */
static struct str unfold(struct arena *arena, struct str lines)
{
    char *to = arena_alloc(arena, lines.n + 1);
    size_t n = 0;
    for (size_t i = 0; to != NULL && i < lines.n; i++)
        if (lines.p[i] != '\r' && lines.p[i] != '\n')
            to[n++] = lines.p[i];
    size_t blanks = 0;
    while (blanks < n && (to[blanks] == ' ' || to[blanks] == '\t'))
        blanks++;
    return to != NULL ? (struct str){to + blanks, n - blanks} : STR_NULL;
}

static void add_raw_header(struct draft *draft, struct str lines)
{
    struct arena *arena = arena_of(draft);
    const char *colon = memchr(lines.p, ':', lines.n);
    if (colon == NULL)
        return;
    size_t n = (size_t)(colon - lines.p);
    struct str raw = unfold(arena, (struct str){colon + 1, lines.n - n - 1});
    if (str_is_null(raw)) {
        draft->is_full = true;
        return;
    }
    struct str text = email_text(arena, raw, STR_NULL);
    draft_header(draft, form_text(arena, (struct str){lines.p, n}), email_header_value(arena, raw),
                 text);
}

void draft_header_block(struct draft *draft, struct str block)
{
    size_t start = 0;
    for (size_t at = 0; at < block.n;) {
        const char *end = memchr(block.p + at, '\n', block.n - at);
        at = end != NULL ? (size_t)(end - block.p) + 1 : block.n;
        if (at < block.n && (block.p[at] == ' ' || block.p[at] == '\t'))
            continue;
        add_raw_header(draft, (struct str){block.p + start, at - start});
        start = at;
    }
}

/* A provider may leave encoded words as they came. */
static void add_value(struct draft *draft, struct str name, struct str value)
{
    bool is_encoded = value.n > 0 && memmem(value.p, value.n, "=?", 2) != NULL;
    if (is_encoded)
        draft_header(draft, name, email_header_value(arena_of(draft), value), value);
    else
        draft_header(draft, name, value, STR_NULL);
}

static void add_tree_header(struct draft *draft, yajl_val name, yajl_val value)
{
    struct arena *arena = arena_of(draft);
    add_value(draft, tree_text(arena, name), tree_text(arena, value));
}

static void add_header_pair(struct draft *draft, yajl_val pair)
{
    if (YAJL_IS_OBJECT(pair))
        add_tree_header(draft, tree_member(pair, "name"), tree_member(pair, "value"));
    else if (YAJL_IS_ARRAY(pair) && pair->u.array.len == 2)
        add_tree_header(draft, pair->u.array.values[0], pair->u.array.values[1]);
}

static void add_header_values(struct draft *draft, const char *name, yajl_val value)
{
    struct arena *arena = arena_of(draft);
    struct str copy = arena_str(arena, str_of(name));
    if (!YAJL_IS_ARRAY(value)) {
        add_value(draft, copy, tree_text(arena, value));
        return;
    }
    for (size_t i = 0; i < value->u.array.len; i++)
        add_value(draft, copy, tree_text(arena, value->u.array.values[i]));
}

void draft_headers_json(struct draft *draft, struct str json)
{
    yajl_val tree = tree_parse(json);
    for (size_t i = 0; YAJL_IS_ARRAY(tree) && i < tree->u.array.len; i++)
        add_header_pair(draft, tree->u.array.values[i]);
    for (size_t i = 0; YAJL_IS_OBJECT(tree) && i < tree->u.object.len; i++)
        add_header_values(draft, tree->u.object.keys[i], tree->u.object.values[i]);
    yajl_tree_free(tree);
}

/* ---- addresses ---- */

static void append(struct draft *draft, struct mail_addresses *list, struct mail_addresses more)
{
    if (more.n == 0)
        return;
    struct mail_address *v = with_room(draft, list->v, list->n, more.n, sizeof *v);
    if (v == NULL)
        return;
    memcpy(v + list->n, more.v, more.n * sizeof *v);
    *list = (struct mail_addresses){v, list->n + more.n};
}

void draft_addresses(struct draft *draft, struct mail_addresses *list, struct str text)
{
    struct mail_addresses more = {NULL, 0};
    if (text.n == 0)
        return;
    mail_addresses_parse(arena_of(draft), text, &more);
    append(draft, list, more);
}

void draft_address(struct draft *draft, struct mail_addresses *list, struct str name,
                   struct str address)
{
    if (address.n == 0)
        return;
    struct mail_address one = {payload_text(name), mail_address_key(arena_of(draft), address)};
    if (!str_is_null(one.address))
        append(draft, list, (struct mail_addresses){&one, 1});
}

/* The texts of an array are one header text: a list is then taken apart once. */
static struct str join_texts(struct draft *draft, yajl_val array)
{
    struct arena *arena = arena_of(draft);
    size_t count = array->u.array.len;
    struct str *parts = arena_alloc(arena, (2 * count + 1) * sizeof *parts);
    for (size_t i = 0; parts != NULL && i < count; i++) {
        parts[2 * i] = tree_text(arena, array->u.array.values[i]);
        parts[2 * i + 1] = parts[2 * i].n > 0 ? STR_LIT(", ") : STR_LIT("");
    }
    return parts != NULL ? arena_join(arena, parts, 2 * count) : STR_NULL;
}

static void add_address_object(struct draft *draft, struct mail_addresses *list, yajl_val object)
{
    struct arena *arena = arena_of(draft);
    if (YAJL_IS_OBJECT(object))
        draft_address(draft, list, tree_text(arena, tree_member(object, "name")),
                      tree_text(arena, tree_member(object, "email")));
}

void draft_addresses_json(struct draft *draft, struct mail_addresses *list, struct str json)
{
    yajl_val tree = tree_parse(json);
    if (YAJL_IS_STRING(tree))
        draft_addresses(draft, list, tree_text(arena_of(draft), tree));
    if (YAJL_IS_ARRAY(tree))
        draft_addresses(draft, list, join_texts(draft, tree));
    for (size_t i = 0; YAJL_IS_ARRAY(tree) && i < tree->u.array.len; i++)
        add_address_object(draft, list, tree->u.array.values[i]);
    add_address_object(draft, list, tree);
    yajl_tree_free(tree);
}

/* ---- texts and attachments ---- */

struct str draft_text(struct draft *draft, struct str text, struct str charset)
{
    if (text.n == 0)
        return STR_NULL;
    struct str clean = email_text(arena_of(draft), text, payload_text(charset));
    draft->is_full = draft->is_full || str_is_null(clean);
    return payload_text(clean);
}

static struct str media_type(struct arena *arena, struct str content_type)
{
    size_t n = 0;
    while (n < content_type.n && content_type.p[n] != ';' && content_type.p[n] != ' ')
        n++;
    char *to = n > 0 ? arena_alloc(arena, n + 1) : NULL;
    for (size_t i = 0; to != NULL && i < n; i++)
        to[i] = g_ascii_tolower(content_type.p[i]);
    return to != NULL ? (struct str){to, n} : STR_NULL;
}

struct mail_attachment *draft_attachment(struct draft *draft, struct str filename,
                                         struct str content_type)
{
    struct mail *mail = &draft->mail;
    struct arena *arena = arena_of(draft);
    struct mail_attachment *attachments =
        with_room(draft, draft->attachments, mail->attachment_count, 1, sizeof *attachments);
    if (attachments == NULL)
        return NULL;
    mail->attachments = draft->attachments = attachments;
    struct mail_attachment *attachment = &draft->attachments[mail->attachment_count++];
    *attachment = (struct mail_attachment){.size_bytes = RECORD_INT_NONE};
    if (filename.n > 0)
        attachment->filename = payload_text(email_filename(arena, filename));
    attachment->mime_type = media_type(arena, content_type);
    if (str_is(attachment->mime_type, "text/calendar"))
        attachment->method = payload_text(form_parameter(arena, content_type, "method"));
    return attachment;
}

#define BASE64_PIECE ((size_t)48 * 1024)

void draft_content(struct mail_attachment *attachment, struct draft *draft, struct str base64)
{
    static const size_t room = BASE64_PIECE / 4 * 3 + 3;
    gint state = 0;
    guint save = 0;
    int64_t size = 0;
    guchar *bytes = arena_alloc(arena_of(draft), room);
    draft->is_full = draft->is_full || bytes == NULL;
    if (attachment == NULL || bytes == NULL || str_is_null(base64))
        return;
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    for (size_t at = 0; at < base64.n; at += BASE64_PIECE) {
        size_t piece = base64.n - at < BASE64_PIECE ? base64.n - at : BASE64_PIECE;
        gsize n = g_base64_decode_step(base64.p + at, piece, bytes, &state, &save);
        g_checksum_update(checksum, bytes, (gssize)n);
        size += (int64_t)n;
    }
    attachment->size_bytes = size;
    attachment->sha256 = arena_str(arena_of(draft), str_of(g_checksum_get_string(checksum)));
    g_checksum_free(checksum);
}

void draft_part(struct mail_attachment *attachment, struct draft *draft,
                const struct form_field *part)
{
    attachment->size_bytes = part->size_bytes;
    attachment->sha256 = part->sha256;
    if (str_is_null(part->value)) /* a file: hashed while it was read */
        return;
    char *checksum =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, part->value.p, (gssize)part->value.n);
    attachment->sha256 = arena_str(arena_of(draft), str_of(checksum));
    g_free(checksum);
}

struct str base64_decode(struct arena *arena, struct str base64)
{
    gint state = 0;
    guint save = 0;
    guchar *bytes = arena_alloc(arena, base64.n / 4 * 3 + 4);
    if (bytes == NULL)
        return STR_NULL;
    gsize n = base64.n > 0 ? g_base64_decode_step(base64.p, base64.n, bytes, &state, &save) : 0;
    return (struct str){(const char *)bytes, n};
}

struct str draft_content_id(struct str content_id)
{
    if (content_id.n > 1 && content_id.p[0] == '<' && content_id.p[content_id.n - 1] == '>')
        content_id = (struct str){content_id.p + 1, content_id.n - 2};
    if (str_starts_with(content_id, "cid:")) /* as Postmark's API wants it */
        content_id = (struct str){content_id.p + 4, content_id.n - 4};
    return payload_text(content_id);
}

/* ---- tags ---- */

void draft_tag(struct draft *draft, struct str tag)
{
    struct mail *mail = &draft->mail;
    if (tag.n == 0)
        return;
    struct str *tags = with_room(draft, draft->tags, mail->tag_count, 1, sizeof *tags);
    if (tags == NULL)
        return;
    tags[mail->tag_count++] = tag;
    mail->tags = draft->tags = tags;
}

void draft_tags_json(struct draft *draft, struct str json)
{
    yajl_val tree = tree_parse(json);
    if (YAJL_IS_STRING(tree))
        draft_tag(draft, tree_text(arena_of(draft), tree));
    for (size_t i = 0; YAJL_IS_ARRAY(tree) && i < tree->u.array.len; i++)
        draft_tag(draft, tree_text(arena_of(draft), tree->u.array.values[i]));
    yajl_tree_free(tree);
}

/* ---- the whole ---- */

static struct str header_text(const struct mail *mail, const char *name)
{
    const struct mail_header *header = mail_header_find(mail, name);
    return header != NULL ? payload_text(header->value) : STR_NULL;
}

static void default_addresses(struct draft *draft, struct mail_addresses *list, const char *name)
{
    const struct mail_header *header = list->n == 0 ? mail_header_find(&draft->mail, name) : NULL;
    if (header != NULL)
        draft_addresses(draft, list, str_is_null(header->raw) ? header->value : header->raw);
}

static void take_defaults(struct draft *draft)
{
    struct mail *mail = &draft->mail;
    default_addresses(draft, &mail->from, "From");
    default_addresses(draft, &mail->sender, "Sender");
    default_addresses(draft, &mail->reply_to, "Reply-To");
    default_addresses(draft, &mail->to, "To");
    default_addresses(draft, &mail->cc, "Cc");
    default_addresses(draft, &mail->bcc, "Bcc");
    if (str_is_null(mail->subject))
        mail->subject = header_text(mail, "Subject");
    if (str_is_null(mail->date))
        mail->date = header_text(mail, "Date");
    struct str id = header_text(mail, "Message-ID");
    if (str_is_null(mail->message_id) && !str_is_null(id))
        mail->message_id = mail_message_id(arena_of(draft), id);
}

enum rc draft_emit(struct draft *draft, struct err *err)
{
    take_defaults(draft);
    return draft->is_full ? RC_REJECT : email_emit(draft->map->emitter, &draft->mail, err);
}

/* What only the provider knows of a mail that came as raw bytes. */
static void keep_envelope(struct mail *mail, const struct mail *said)
{
    mail->envelope_to = str_is_null(said->envelope_to) ? mail->envelope_to : said->envelope_to;
    mail->envelope_from =
        str_is_null(said->envelope_from) ? mail->envelope_from : said->envelope_from;
    mail->message_id = str_is_null(said->message_id) ? mail->message_id : said->message_id;
    mail->bcc = mail->bcc.n == 0 ? said->bcc : mail->bcc;
    mail->is_replaced = mail->is_replaced || said->is_replaced;
    mail->received_at = said->received_at;
    mail->provider_text_new = said->provider_text_new;
    mail->plus = str_is_null(said->plus) ? mail->plus : said->plus;
    mail->provider_metadata = said->provider_metadata;
    mail->tags = said->tags;
    mail->tag_count = said->tag_count;
    mail->is_sent = said->is_sent;
    mail->path = said->path;
    mail->offset = said->offset;
}

enum rc draft_emit_raw(struct draft *draft, struct str raw, struct err *err)
{
    struct mail mail = {.message_id = STR_NULL};
    struct err found;
    if (draft->is_full || str_is_null(raw))
        return RC_REJECT;
    enum rc rc = email_mime_read(raw, arena_of(draft), &mail, &found);
    if (rc == RC_REJECT)
        return payload_reject(draft->map, REJECT_BAD_VALUE, "", found.msg, err);
    if (rc != RC_OK)
        return rc;
    keep_envelope(&mail, &draft->mail);
    return email_emit(draft->map->emitter, &mail, err);
}
