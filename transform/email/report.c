#include "transform/email/report.h"

#include <ctype.h>

#include <gmime/gmime.h>

#include "lib/clock.h"
#include "transform/email/address.h"
#include "transform/email/bounce.h"
#include "transform/email/charset.h"
#include "transform/email/mime.h"
#include "transform/email/words.h"

#define DIAGNOSTIC_MOST 1024

static const struct {
    const char *mime_type;
    enum mail_report_kind kind;
} kinds[] = {
    {"message/delivery-status", MAIL_DELIVERY_REPORT},
    {"message/global-delivery-status", MAIL_DELIVERY_REPORT},
    {"message/disposition-notification", MAIL_READ_RECEIPT},
    {"message/global-disposition-notification", MAIL_READ_RECEIPT},
    {"message/feedback-report", MAIL_COMPLAINT},
};

enum mail_report_kind report_kind(struct str mime_type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (str_is(mime_type, kinds[i].mime_type))
            return kinds[i].kind;
    return MAIL_NO_REPORT;
}

bool report_is_original(struct str mime_type)
{
    return str_is(mime_type, "message/rfc822") || str_is(mime_type, "message/global") ||
           str_is(mime_type, "text/rfc822-headers") || str_is(mime_type, "message/global-headers");
}

/* ---- fields ---- */

struct field {
    struct str name, value; /* value: still folded */
};

struct reading {
    struct arena *arena;
    struct str rest;
    struct mail_report *report;
    struct mail_recipient found; /* of the block so far */
    struct str final, original;  /* recipients */
    size_t room;                 /* for recipients */
    bool is_wrapped;             /* the blocks after this one are base64 */
    bool is_full;
};

static struct str take_line(struct str *rest)
{
    const char *end = memchr(rest->p, '\n', rest->n);
    size_t n = end != NULL ? (size_t)(end - rest->p) : rest->n;
    struct str line = {rest->p, n};
    size_t past = n + (end != NULL);
    *rest = (struct str){rest->p + past, rest->n - past};
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool is_folded(struct str rest)
{
    return rest.n > 0 && (rest.p[0] == ' ' || rest.p[0] == '\t') && words_trim(rest).n > 0;
}

/* A line of blanks only ends a block: it is none of the field before. */
static bool goes_on(struct str rest)
{
    struct str line = is_folded(rest) ? take_line(&rest) : STR_NULL;
    return words_trim(line).n > 0;
}

/* false: an empty line, or one that is no field. */
static bool take_field(struct str *rest, struct field *field)
{
    struct str line = take_line(rest);
    const char *colon = line.n > 0 ? memchr(line.p, ':', line.n) : NULL;
    const char *end = line.p + line.n;
    while (line.n > 0 && goes_on(*rest)) {
        struct str more = take_line(rest);
        end = more.p + more.n;
    }
    if (colon == NULL)
        return false;
    field->name = words_trim((struct str){line.p, (size_t)(colon - line.p)});
    field->value = (struct str){colon + 1, (size_t)(end - colon - 1)};
    return field->name.n > 0;
}

/* ---- values ---- */

/* Behind "rfc822;" and the like. */
static struct str behind_type(struct str value)
{
    const char *mark = value.n > 0 ? memchr(value.p, ';', value.n) : NULL;
    if (mark == NULL)
        return words_trim(value);
    size_t past = (size_t)(mark + 1 - value.p);
    return words_trim((struct str){value.p + past, value.n - past});
}

static struct str first_word(struct arena *arena, struct str value)
{
    size_t n = 0;
    while (n < value.n && strchr(" \t\r\n(/,;", value.p[n]) == NULL)
        n++;
    return words_lower(arena, (struct str){value.p, n});
}

/* Without a comment; else what the diagnostic says (6.3). */
static struct str status_of(struct arena *arena, const struct mail_recipient *found)
{
    struct str status = first_word(arena, found->status);
    bool is_stated = status.n > 0 && isdigit((unsigned char)status.p[0]);
    return is_stated || str_is_null(found->diagnostic) ? status
                                                       : mail_status_code(found->diagnostic);
}

/* ---- blocks ---- */

static void read_delivery_field(struct reading *reading, const struct field *field, struct str text)
{
    if (words_same(field->name, "Final-Recipient"))
        reading->final = text;
    else if (words_same(field->name, "Original-Recipient"))
        reading->original = text;
    else if (words_same(field->name, "Action"))
        reading->found.action = first_word(reading->arena, text);
    else if (words_same(field->name, "Status"))
        reading->found.status = text;
    else if (words_same(field->name, "Diagnostic-Code"))
        reading->found.diagnostic = text;
    else if (words_same(field->name, "Last-Attempt-Date"))
        (void)email_date(text, &reading->found.occurred_at);
    else if (words_same(field->name, "Content-Transfer-Encoding") && words_same(text, "base64"))
        reading->is_wrapped = true;
}

static void read_receipt_field(struct reading *reading, const struct field *field, struct str text)
{
    if (words_same(field->name, "Final-Recipient"))
        reading->final = text;
    else if (words_same(field->name, "Original-Recipient"))
        reading->original = text;
    else if (words_same(field->name, "Disposition"))
        reading->found.action = first_word(reading->arena, behind_type(text));
    else if (words_same(field->name, "Original-Message-ID"))
        reading->report->original_id = mail_message_id(reading->arena, text);
}

static void read_complaint_field(struct reading *reading, const struct field *field,
                                 struct str text)
{
    if (words_same(field->name, "Original-Rcpt-To") && str_is_null(reading->final))
        reading->final = text;
    else if (words_same(field->name, "Feedback-Type"))
        reading->found.action = first_word(reading->arena, text);
}

static void read_field(struct reading *reading, const struct field *field)
{
    typedef void read_fn(struct reading *, const struct field *, struct str);
    static read_fn *const readers[] = {[MAIL_DELIVERY_REPORT] = read_delivery_field,
                                       [MAIL_READ_RECEIPT] = read_receipt_field,
                                       [MAIL_COMPLAINT] = read_complaint_field};
    struct str text = email_header_value(reading->arena, field->value);
    if (text.n > 0)
        readers[reading->report->kind](reading, field, text);
    reading->is_full |= str_is_null(text);
}

static bool grow(struct reading *reading)
{
    struct mail_report *report = reading->report;
    if (report->recipient_count < reading->room)
        return true;
    size_t room = reading->room * 2 + 1;
    struct mail_recipient *grown = arena_alloc(reading->arena, room * sizeof *grown);
    if (grown == NULL)
        return false;
    if (report->recipient_count > 0)
        memcpy(grown, report->recipients, report->recipient_count * sizeof *grown);
    report->recipients = grown;
    reading->room = room;
    return true;
}

/* Blocks without recipient and action are about the report itself. */
static void end_block(struct reading *reading)
{
    struct mail_recipient *found = &reading->found;
    struct str address = str_is_null(reading->original) ? reading->final : reading->original;
    if (!str_is_null(address) || !str_is_null(found->action)) {
        found->address = mail_address_key(reading->arena, behind_type(address));
        found->status = status_of(reading->arena, found);
        found->diagnostic = charset_cut(found->diagnostic, DIAGNOSTIC_MOST);
        if (grow(reading))
            reading->report->recipients[reading->report->recipient_count++] = *found;
        else
            reading->is_full = true;
    }
    *found = (struct mail_recipient){.occurred_at = TIME_NONE};
    reading->final = reading->original = STR_NULL;
}

/* Servers that break the rules send the blocks in base64, some with a header of their own. */
static void unwrap(struct reading *reading)
{
    GMimeEncoding state;
    g_mime_encoding_init_decode(&state, GMIME_CONTENT_ENCODING_BASE64);
    char *bytes = arena_alloc(reading->arena, g_mime_encoding_outlen(&state, reading->rest.n) + 1);
    reading->is_wrapped = false;
    reading->is_full |= bytes == NULL;
    size_t n =
        bytes != NULL ? g_mime_encoding_step(&state, reading->rest.p, reading->rest.n, bytes) : 0;
    reading->rest = (struct str){bytes != NULL ? bytes : "", n};
}

static bool is_base64(struct str text)
{
    struct str line = text.n > 0 ? take_line(&text) : STR_NULL;
    size_t n = 0;
    while (n < line.n && (isalnum((unsigned char)line.p[n]) || strchr("+/=", line.p[n]) != NULL) &&
           line.p[n] != '\0')
        n++;
    return n > 0 && n == line.n;
}

bool report_read(struct arena *arena, enum mail_report_kind kind, struct str bytes,
                 struct mail_report *report_out)
{
    struct reading reading = {.arena = arena,
                              .rest = bytes,
                              .report = report_out,
                              .found = {.occurred_at = TIME_NONE},
                              .is_wrapped = is_base64(bytes)};
    *report_out = (struct mail_report){.kind = kind};
    if (reading.is_wrapped)
        unwrap(&reading);
    while (reading.rest.n > 0 && !reading.is_full) {
        struct field field;
        if (take_field(&reading.rest, &field)) {
            read_field(&reading, &field);
            continue;
        }
        if (kind == MAIL_DELIVERY_REPORT) /* the others have one block, blank lines or not */
            end_block(&reading);
        if (reading.is_wrapped)
            unwrap(&reading);
    }
    end_block(&reading);
    return !reading.is_full;
}

struct str report_original_id(struct arena *arena, struct str header)
{
    struct field field;
    while (header.n > 0 && take_field(&header, &field))
        if (words_same(field.name, "Message-ID"))
            return mail_message_id(arena, charset_decode(arena, field.value, STR_NULL));
    return STR_NULL;
}
