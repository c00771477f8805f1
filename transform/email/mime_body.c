#include "transform/email/mime_body.h"

#include <strings.h>

#include "lib/buf.h"
#include "lib/limits.h"
#include "transform/email/address.h"
#include "transform/email/charset.h"
#include "transform/email/mime.h"
#include "transform/email/mime_part.h"
#include "transform/email/report.h"
#include "transform/record.h"

#define SMALL_IMAGE_BYTES ((int64_t)(10 * KIB))

struct text { /* of one part, or of several brought together */
    struct str plain, html;
    bool is_weak; /* markup that passes for plain text where there is nothing better */
};

struct texts {
    struct text *v;
    size_t n, room;
};

struct body {
    struct arena *arena;
    struct mail *mail;
    struct mail_attachment *attachments;
    size_t attachment_room;
    size_t parts;
    bool is_cut, is_full;
};

/* Where a part stands. */
struct place {
    size_t depth;
    bool is_related;     /* beside the body of a multipart/related */
    bool is_alternative; /* what cannot be shown is said otherwise by its neighbour */
    bool is_sealed;      /* encrypted: nothing is text */
    bool is_report;
};

/* ---- lists in the arena ---- */

static void *grow(struct body *body, void *old, size_t n, size_t size, size_t *room)
{
    if (n < *room)
        return old;
    size_t wanted = *room * 2 + 2;
    void *grown = arena_alloc(body->arena, wanted * size);
    body->is_full |= grown == NULL;
    if (grown == NULL)
        return NULL;
    if (n > 0)
        memcpy(grown, old, n * size);
    *room = wanted;
    return grown;
}

static void add_text(struct body *body, struct texts *texts, struct text text)
{
    if (str_is_null(text.plain) && str_is_null(text.html))
        return;
    struct text *v = grow(body, texts->v, texts->n, sizeof *v, &texts->room);
    if (v == NULL)
        return;
    texts->v = v;
    v[texts->n++] = text;
}

static struct mail_attachment *add_attachment(struct body *body)
{
    struct mail *mail = body->mail;
    struct mail_attachment *v =
        grow(body, body->attachments, mail->attachment_count, sizeof *v, &body->attachment_room);
    if (v == NULL)
        return NULL;
    body->attachments = v;
    mail->attachments = v;
    v += mail->attachment_count++;
    *v = (struct mail_attachment){.size_bytes = RECORD_INT_NONE};
    return v;
}

/* ---- bringing texts together ---- */

/* For a plain text between parts of HTML. */
static void add_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        const char *escaped = text.p[i] == '<'    ? "&lt;"
                              : text.p[i] == '>'  ? "&gt;"
                              : text.p[i] == '&'  ? "&amp;"
                              : text.p[i] == '\n' ? "<br>\n"
                                                  : NULL;
        if (escaped != NULL)
            (void)buf_add_text(out, escaped);
        else
            (void)buf_add(out, text.p + i, 1);
    }
}

static struct str finish(struct body *body, struct buf *joined)
{
    struct str text = arena_str(body->arena, buf_peek(joined));
    body->is_full |= str_is_null(text);
    body->is_cut |= buf_is_full(joined);
    buf_done(joined);
    return text;
}

static struct str join_plain(struct body *body, const struct texts *texts)
{
    struct buf joined;
    buf_init(&joined, LIMIT_MAIL_TEXT_BYTES);
    for (size_t i = 0; i < texts->n; i++) {
        (void)buf_add_text(&joined, i > 0 ? "\n" : "");
        (void)buf_add_str(&joined, texts->v[i].plain);
    }
    return finish(body, &joined);
}

static struct str join_html(struct body *body, const struct texts *texts)
{
    struct buf joined;
    buf_init(&joined, LIMIT_MAIL_HTML_BYTES);
    for (size_t i = 0; i < texts->n; i++) {
        (void)buf_add_text(&joined, i > 0 ? "<br>\n" : "");
        if (str_is_null(texts->v[i].html))
            add_escaped(&joined, texts->v[i].plain);
        else
            (void)buf_add_str(&joined, texts->v[i].html);
    }
    return finish(body, &joined);
}

/* Text only where every part has some: a footer in plain text behind a mail in HTML is not the
 * mail's text. */
static struct text join(struct body *body, const struct texts *texts)
{
    size_t plain = 0;
    size_t html = 0;
    if (texts->n == 0)
        return (struct text){STR_NULL, STR_NULL, false};
    if (texts->n == 1)
        return texts->v[0];
    for (size_t i = 0; i < texts->n; i++) {
        plain += !str_is_null(texts->v[i].plain);
        html += !str_is_null(texts->v[i].html);
    }
    return (struct text){plain == texts->n ? join_plain(body, texts) : STR_NULL,
                         html > 0 ? join_html(body, texts) : STR_NULL, false};
}

/* ---- leaves ---- */

static bool is_blank(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (strchr(" \t\n\r", text.p[i]) == NULL || text.p[i] == '\0')
            return false;
    return true;
}

/* Without the line ends that belong to the next boundary; STR_NULL: blanks only. */
static struct str worth(struct str text)
{
    if (is_blank(text))
        return STR_NULL;
    while (text.p[text.n - 1] == '\n')
        text.n--;
    return text;
}

enum leaf { LEAF_FILE, LEAF_PLAIN, LEAF_HTML, LEAF_WEAK, LEAF_NOTHING };

static enum leaf kind_of(struct str type, const struct place *place)
{
    if (str_is(type, "text/plain"))
        return LEAF_PLAIN;
    if (str_is(type, "text/html"))
        return LEAF_HTML;
    if (str_is(type, "text/enriched") || str_is(type, "text/richtext") ||
        str_is(type, "text/markdown"))
        return LEAF_WEAK;
    if (place->is_alternative &&
        (str_is(type, "text/x-amp-html") || str_is(type, "text/watch-html")))
        return LEAF_NOTHING;
    return LEAF_FILE;
}

static bool has_disposition(GMimeObject *object, const char *word)
{
    const char *found =
        g_mime_object_get_disposition(object) != NULL ? g_mime_object_get_disposition(object) : "";
    return strcasecmp(found, word) == 0;
}

static void take_text(struct body *body, GMimePart *part, enum leaf leaf, struct texts *texts)
{
    size_t most = leaf == LEAF_HTML ? LIMIT_MAIL_HTML_BYTES : LIMIT_MAIL_TEXT_BYTES;
    struct str text = mime_part_text(body->arena, part, most, &body->is_cut);
    body->is_full |= str_is_null(text);
    struct str kept = charset_cut(text, most); /* grown by its charset */
    body->is_cut |= kept.n < text.n;
    kept = worth(kept);
    add_text(body, texts,
             leaf == LEAF_HTML ? (struct text){STR_NULL, kept, false}
                               : (struct text){kept, STR_NULL, leaf == LEAF_WEAK});
}

static struct str own_text(struct body *body, const char *text)
{
    return text != NULL ? email_header_value(body->arena, str_of(text)) : STR_NULL;
}

static struct str content_id(struct body *body, GMimeObject *object)
{
    const char *id = g_mime_object_get_content_id(object);
    return id != NULL && id[0] != '\0' ? own_text(body, id) : STR_NULL;
}

static void take_file(struct body *body, GMimePart *part, struct str type, struct place place)
{
    GMimeObject *object = GMIME_OBJECT(part);
    struct mail_attachment *attachment = add_attachment(body);
    if (attachment == NULL)
        return;
    attachment->mime_type = type;
    attachment->filename = mime_part_filename(body->arena, part);
    attachment->content_id = content_id(body, object);
    body->is_full |= !mime_part_measure(body->arena, part, attachment);
    bool is_small_image = str_starts_with(type, "image/") &&
                          attachment->size_bytes < SMALL_IMAGE_BYTES &&
                          has_disposition(object, "inline");
    attachment->is_inline =
        is_small_image || (place.is_related && !str_is_null(attachment->content_id));
    if (str_is(type, "text/calendar"))
        attachment->method =
            own_text(body, g_mime_object_get_content_type_parameter(object, "method"));
}

static void take_report(struct body *body, GMimePart *part, enum mail_report_kind kind)
{
    struct str bytes = mime_part_bytes(body->arena, part, LIMIT_MAIL_REPORT_BYTES, &body->is_cut);
    struct str earlier = body->mail->report.original_id;
    body->is_full |=
        str_is_null(bytes) || !report_read(body->arena, kind, bytes, &body->mail->report);
    if (str_is_null(body->mail->report.original_id))
        body->mail->report.original_id = earlier;
}

static void set_original(struct body *body, struct str id)
{
    if (str_is_null(body->mail->report.original_id))
        body->mail->report.original_id = id;
}

static void take_original(struct body *body, GMimePart *part)
{
    bool is_cut = false; /* only its header is of interest */
    struct str bytes = mime_part_bytes(body->arena, part, LIMIT_MAIL_REPORT_BYTES, &is_cut);
    body->is_full |= str_is_null(bytes);
    set_original(body, report_original_id(body->arena, bytes));
}

static bool is_in_report(const struct body *body, const struct place *place)
{
    return place->is_report || body->mail->report.kind != MAIL_NO_REPORT;
}

static void take_leaf(struct body *body, GMimePart *part, struct place place, struct texts *texts)
{
    GMimeObject *object = GMIME_OBJECT(part);
    struct str type = mime_part_type(body->arena, object);
    body->is_full |= str_is_null(type);
    enum mail_report_kind report = report_kind(type);
    if (report != MAIL_NO_REPORT && body->mail->report.kind == MAIL_NO_REPORT) {
        take_report(body, part, report);
        return;
    }
    if (report_is_original(type) && is_in_report(body, &place)) {
        take_original(body, part);
        return;
    }
    enum leaf leaf = kind_of(type, &place);
    bool is_file = place.is_sealed || place.is_related || has_disposition(object, "attachment") ||
                   g_mime_part_get_filename(part) != NULL;
    if (leaf == LEAF_FILE || is_file)
        take_file(body, part, type, place);
    else if (leaf != LEAF_NOTHING)
        take_text(body, part, leaf, texts);
}

/* ---- a mail within the mail ---- */

static void take_message(struct body *body, GMimeMessagePart *part, struct place place)
{
    GMimeMessage *message = g_mime_message_part_get_message(part);
    if (is_in_report(body, &place)) {
        const char *id =
            message != NULL ? g_mime_object_get_header(GMIME_OBJECT(message), "Message-ID") : NULL;
        set_original(body,
                     id != NULL ? mail_message_id(body->arena, own_text(body, id)) : STR_NULL);
        return;
    }
    struct mail_attachment *attachment = add_attachment(body);
    if (attachment == NULL)
        return;
    attachment->mime_type = mime_part_type(body->arena, GMIME_OBJECT(part));
    attachment->content_id = content_id(body, GMIME_OBJECT(part));
    attachment->size_bytes = 0;
    if (message == NULL)
        return;
    const char *raw = g_mime_object_get_header(GMIME_OBJECT(message), "Subject");
    struct str subject = raw != NULL ? own_text(body, raw) : STR_NULL;
    if (subject.n > 0)
        attachment->filename =
            email_filename(body->arena, arena_printf(body->arena, "%.*s.eml", STR_ARGS(subject)));
    body->is_full |= !mime_part_measure_message(body->arena, message, attachment);
}

/* ---- the tree ---- */

static void walk(struct body *body, GMimeObject *object, struct place place, struct texts *texts);

static bool is_multipart(GMimeMultipart *multipart, const char *subtype)
{
    GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(multipart));
    return type != NULL && g_mime_content_type_is_type(type, "multipart", subtype);
}

/* The last of each form of the text, since the last is the sender's best. */
static void walk_alternative(struct body *body, GMimeMultipart *multipart, struct place place,
                             struct texts *texts)
{
    struct text best = {STR_NULL, STR_NULL, true};
    place.is_alternative = true;
    for (int i = 0; i < g_mime_multipart_get_count(multipart); i++) {
        struct texts inner = {NULL, 0, 0};
        walk(body, g_mime_multipart_get_part(multipart, i), place, &inner);
        struct text found = join(body, &inner);
        if (!str_is_null(found.plain) && (!found.is_weak || best.is_weak)) {
            best.plain = found.plain;
            best.is_weak = found.is_weak;
        }
        if (!str_is_null(found.html))
            best.html = found.html;
    }
    add_text(body, texts, best);
}

/* Without a boundary in its body there are no parts, and the text stands before the first. */
static void take_prologue(struct body *body, GMimeMultipart *multipart, struct texts *texts)
{
    const char *prologue = g_mime_multipart_get_prologue(multipart);
    struct str bytes = prologue != NULL ? str_of(prologue) : STR_LIT("");
    body->is_cut |= bytes.n > LIMIT_MAIL_TEXT_BYTES;
    struct str text = email_text(body->arena, charset_cut(bytes, LIMIT_MAIL_TEXT_BYTES), STR_NULL);
    body->is_full |= str_is_null(text);
    add_text(body, texts, (struct text){worth(text), STR_NULL, false});
}

static void walk_multipart(struct body *body, GMimeMultipart *multipart, struct place place,
                           struct texts *texts)
{
    int count = g_mime_multipart_get_count(multipart);
    place.is_report |= is_multipart(multipart, "report");
    place.is_sealed |= is_multipart(multipart, "encrypted");
    if (count == 0) {
        take_prologue(body, multipart, texts);
        return;
    }
    if (is_multipart(multipart, "alternative")) {
        walk_alternative(body, multipart, place, texts);
        return;
    }
    bool is_related = is_multipart(multipart, "related");
    if (is_multipart(multipart, "signed")) /* the rest is the signature */
        count = 1;
    for (int i = 0; i < count && !body->is_full; i++) {
        struct place inner = place;
        inner.is_related |= is_related && i > 0;
        walk(body, g_mime_multipart_get_part(multipart, i), inner, texts);
    }
}

static void walk(struct body *body, GMimeObject *object, struct place place, struct texts *texts)
{
    if (body->parts == LIMIT_MAIL_PARTS || place.depth == LIMIT_MAIL_DEPTH)
        body->is_cut = true;
    if (object == NULL || body->parts == LIMIT_MAIL_PARTS || place.depth == LIMIT_MAIL_DEPTH)
        return;
    body->parts++;
    place.depth++;
    if (GMIME_IS_MULTIPART(object))
        walk_multipart(body, GMIME_MULTIPART(object), place, texts);
    else if (GMIME_IS_MESSAGE_PART(object))
        take_message(body, GMIME_MESSAGE_PART(object), place);
    else if (GMIME_IS_PART(object))
        take_leaf(body, GMIME_PART(object), place, texts);
}

bool mime_body_read(struct arena *arena, GMimeMessage *message, struct mail *mail, bool *is_cut_out)
{
    struct body body = {.arena = arena, .mail = mail};
    struct texts texts = {NULL, 0, 0};
    walk(&body, g_mime_message_get_mime_part(message), (struct place){.depth = 0}, &texts);
    struct text text = join(&body, &texts);
    mail->text = text.plain;
    mail->html = text.html;
    *is_cut_out |= body.is_cut;
    return !body.is_full;
}
