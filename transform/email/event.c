#include "transform/email/event.h"

#include "transform/email/address.h"

enum event_kind event_kind_of(const struct event_word *words, struct str word)
{
    while (words->word != NULL && !str_is(word, words->word))
        words++;
    return words->kind;
}

/* ---- times ---- */

int64_t event_time(struct str text)
{
    int64_t at;
    return text.n > 0 && clock_parse(text, &at) && at >= 0 ? at : TIME_NONE;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* TIME_NONE: not only digits. */
static int64_t fraction_us(struct str digits)
{
    int64_t us = 0;
    for (size_t i = 0; i < digits.n; i++)
        if (!is_digit(digits.p[i]))
            return TIME_NONE;
    for (size_t i = 0; i < 6; i++)
        us = us * 10 + (i < digits.n ? digits.p[i] - '0' : 0);
    return us;
}

int64_t event_unix_time(struct str number)
{
    int64_t seconds = 0;
    size_t at = 0;
    for (; at < number.n && is_digit(number.p[at]) && at < 12; at++)
        seconds = seconds * 10 + (number.p[at] - '0');
    bool has_fraction = at < number.n && number.p[at] == '.';
    if (at == 0 || (at < number.n && !has_fraction) || seconds > TIME_MAX / US_PER_SECOND)
        return TIME_NONE;
    struct str digits = {number.p + at + 1, has_fraction ? number.n - at - 1 : 0};
    int64_t us = fraction_us(digits);
    return us == TIME_NONE ? TIME_NONE : seconds * US_PER_SECOND + us;
}

/* ---- ids ---- */

struct str event_id_postmark(struct arena *arena, struct str id)
{
    const struct str parts[] = {id, STR_LIT("@mtasv.net")};
    return id.n > 0 ? arena_join(arena, parts, 2) : STR_NULL;
}

/* Index of the text in s; s.n: it is not there. */
static size_t find(struct str s, const char *text)
{
    const char *found = s.n > 0 ? memmem(s.p, s.n, text, strlen(text)) : NULL;
    return found != NULL ? (size_t)(found - s.p) : s.n;
}

static struct str sendgrid_part(struct str sg_message_id)
{
    static const char *const ends[] = {".filter", ".recvd", ".st"};
    size_t n = sg_message_id.n;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t at = find(sg_message_id, ends[i]);
        n = at < n ? at : n;
    }
    return (struct str){sg_message_id.p, n};
}

struct str event_id_sendgrid(struct arena *arena, struct str sg_message_id, struct str smtp_id)
{
    const struct str parts[] = {sendgrid_part(sg_message_id), STR_LIT(MAIL_SENDGRID_DOMAIN)};
    if (sg_message_id.n > 0)
        return arena_join(arena, parts, 2);
    return smtp_id.n > 0 ? mail_message_id(arena, smtp_id) : STR_NULL;
}

struct str event_id_ses(struct arena *arena, struct str id, struct str region)
{
    const struct str parts[] = {id, STR_LIT("@"),
                                str_is(region, "us-east-1") ? STR_LIT("email") : region,
                                STR_LIT(".amazonses.com")};
    return id.n > 0 && region.n > 0 ? arena_join(arena, parts, 4) : STR_NULL;
}

struct str event_arn_region(struct str arn)
{
    size_t fields = 0;
    size_t start = 0;
    for (size_t i = 0; i < arn.n; i++) {
        if (arn.p[i] != ':')
            continue;
        if (++fields == 4)
            return payload_text((struct str){arn.p + start, i - start});
        start = i + 1;
    }
    return STR_NULL;
}

/* ---- codes ---- */

static size_t digits_at(struct str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.n && n < 4 && is_digit(s.p[at + n]))
        n++;
    return n <= 3 ? n : 0;
}

/* Length of "5.1.1" at the place; 0: there is none. */
static size_t enhanced_at(struct str s, size_t at)
{
    if (at + 1 >= s.n || memchr("245", s.p[at], 3) == NULL || s.p[at + 1] != '.')
        return 0;
    size_t subject = digits_at(s, at + 2);
    size_t dot = at + 2 + subject;
    if (subject == 0 || dot >= s.n || s.p[dot] != '.')
        return 0;
    size_t detail = digits_at(s, dot + 1);
    return detail > 0 ? dot + 1 + detail - at : 0;
}

static struct str find_enhanced(struct str text)
{
    for (size_t at = 0; at < text.n; at++) {
        bool is_inside = at > 0 && (is_digit(text.p[at - 1]) || text.p[at - 1] == '.');
        size_t n = is_inside ? 0 : enhanced_at(text, at);
        bool ends = n > 0 && (at + n == text.n || !(is_digit(text.p[at + n]) ||
                                                    (text.p[at + n] == '.' && at + n + 1 < text.n &&
                                                     is_digit(text.p[at + n + 1]))));
        if (ends)
            return (struct str){text.p + at, n};
    }
    return STR_NULL;
}

static struct str with_type(struct arena *arena, struct str code, struct str type)
{
    const struct str parts[] = {code, STR_LIT(":"), type};
    return type.n > 0 && !str_equal(code, type) ? arena_join(arena, parts, 3) : code;
}

static struct str bounce_code(struct arena *arena, const struct event_report *report)
{
    struct str enhanced = find_enhanced(report->enhanced);
    if (str_is_null(enhanced))
        enhanced = find_enhanced(report->text);
    return str_is_null(enhanced) ? with_type(arena, STR_LIT("bounce"), report->type) : enhanced;
}

static struct str code_of(struct arena *arena, const struct event_report *report)
{
    if (!str_is_null(report->code))
        return report->code;
    switch (report->kind) {
    case EVENT_BOUNCE:
        return bounce_code(arena, report);
    case EVENT_REJECTED:
        return with_type(arena, STR_LIT("rejected"), report->type);
    case EVENT_COMPLAINT:
        return STR_LIT("complaint");
    default:
        return STR_NULL;
    }
}

static struct str status_of(enum event_kind kind)
{
    switch (kind) {
    case EVENT_PENDING:
        return STR_LIT("pending");
    case EVENT_SENT:
        return STR_LIT("sent");
    case EVENT_DELIVERED:
        return STR_LIT("delivered");
    case EVENT_READ:
        return STR_LIT("read");
    case EVENT_BOUNCE:
    case EVENT_REJECTED:
    case EVENT_COMPLAINT:
        return STR_LIT("failed");
    case EVENT_IGNORED:
    case EVENT_KEPT:
        break;
    }
    return STR_NULL;
}

static bool is_failure(enum event_kind kind)
{
    return kind == EVENT_BOUNCE || kind == EVENT_REJECTED || kind == EVENT_COMPLAINT;
}

enum rc event_emit(struct map *map, const struct event_report *report, struct err *err)
{
    if (report->kind == EVENT_IGNORED)
        return payload_ignore(map);
    if (report->message_id.n == 0)
        return payload_reject(map, REJECT_MISSING_MEMBER, "",
                              "expected the id of the mail that the event is about", err);
    struct mail_event event = {
        .message_id = report->message_id,
        .recipient =
            report->recipient.n > 0 ? mail_address_key(map->arena, report->recipient) : STR_NULL,
        .status = status_of(report->kind),
        .event_type = report->word,
        .occurred_at = report->at == TIME_NONE ? map->out->document.observed_at : report->at,
        .error_code = code_of(map->arena, report),
        .error_message = is_failure(report->kind) ? payload_text(report->text) : STR_NULL,
        .metadata = report->metadata,
    };
    return email_emit_event(map->emitter, &event, err);
}
