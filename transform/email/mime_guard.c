#include "transform/email/mime_guard.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "lib/limits.h"
#include "transform/email/words.h"

/* What these cost, against an address or a parameter. */
#define PART_OBJECTS 10
#define HEADER_OBJECTS 3
/* In a shorter mail not even parts of three bytes come to the limit. */
#define CHEAPEST_BYTES (LIMIT_MAIL_OBJECTS / PART_OBJECTS * 3)

static struct str past(struct str text, size_t n)
{
    return (struct str){text.p + n, text.n - n};
}

/* With its end. */
static struct str first_line(struct str text)
{
    const char *end = memchr(text.p, '\n', text.n);
    return (struct str){text.p, end != NULL ? (size_t)(end + 1 - text.p) : text.n};
}

static bool is_continued(struct str line)
{
    return line.p[0] == ' ' || line.p[0] == '\t';
}

/* Where GMime reads addresses. */
static bool is_address_header(struct str text)
{
    static const char *const names[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"};
    if (text.n == 0 || memchr("FfSsRrTtCcBb", text.p[0], 12) == NULL) /* nearly all lines */
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i]);
        if (text.n <= n || strncasecmp(text.p, names[i], n) != 0)
            continue;
        while (n < text.n && (text.p[n] == ' ' || text.p[n] == '\t'))
            n++;
        if (n < text.n && text.p[n] == ':')
            return true;
    }
    return false;
}

/* ---- objects ---- */

struct scan {
    bool is_header;     /* within a header, of the mail, a part or a mail within it */
    bool leads_to_mail; /* a mail's header comes behind the one being read */
    bool is_digest;     /* the parts of which are mails */
    bool has_objects;   /* the header being read is one of parameters or addresses */
};

static bool holds(struct str line, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= line.n; i++)
        if (strncasecmp(line.p + i, word, n) == 0)
            return true;
    return false;
}

/* A header, and what begins another parameter or address in it. */
static size_t count_in_header(struct scan *scan, struct str line)
{
    if (!is_continued(line) && memchr(line.p, ':', line.n) == NULL)
        return 0;
    if (!is_continued(line))
        scan->has_objects = is_address_header(line) || words_start(line, "Content-");
    size_t n = HEADER_OBJECTS;
    for (size_t i = 0; i < line.n && scan->has_objects; i++)
        n += memchr(" \t,;:<>@=", line.p[i], 9) != NULL;
    return n;
}

static size_t count_objects(struct scan *scan, struct str line)
{
    if (str_starts_with(line, "--")) {
        scan->is_header = true;
        scan->leads_to_mail = false;
        return PART_OBJECTS;
    }
    if (line.p[0] == '\n' || line.p[0] == '\r') {
        scan->is_header = scan->is_header && (scan->leads_to_mail || scan->is_digest);
        scan->leads_to_mail = false;
        return 0;
    }
    if (!scan->is_header)
        return 0;
    scan->leads_to_mail |= holds(line, "message/");
    scan->is_digest |= holds(line, "digest");
    return count_in_header(scan, line);
}

struct str mime_guard_cut(struct str raw)
{
    struct scan scan = {.is_header = true};
    size_t objects = 0;
    if (raw.n < CHEAPEST_BYTES)
        return raw;
    for (struct str rest = raw; rest.n > 0;) {
        struct str line = first_line(rest);
        objects += count_objects(&scan, line);
        if (objects > LIMIT_MAIL_OBJECTS)
            return (struct str){raw.p, raw.n - rest.n};
        rest = past(rest, line.n);
    }
    return raw;
}

/* ---- lists of addresses ---- */

/* For every word without an address GMime looks through all that follows up to the next '<' or '@',
 * in search of one. */
struct list {
    size_t groups;        /* open */
    size_t commas, bytes; /* since the last address */
    uint64_t looked_at;   /* bytes in all, each as often as it is */
    bool is_quoted;
};

static void end_search(struct list *list)
{
    list->looked_at += (uint64_t)list->commas * list->bytes;
    list->commas = list->bytes = 0;
}

static void see(struct list *list, char c)
{
    list->bytes++;
    list->commas += c == ',';
    list->is_quoted ^= c == '"';
    if (list->is_quoted)
        return;
    if (c == '<' || c == '@')
        end_search(list);
    else if (c == ':')
        list->groups++;
    else if (c == ';' && list->groups > 0)
        list->groups--;
}

/* Adds to the bytes looked at so far. */
static bool is_endless(struct str value, uint64_t *looked_at)
{
    struct list list = {.looked_at = *looked_at};
    bool is_deep = false;
    for (size_t i = 0; i < value.n && !is_deep; i++) {
        bool is_escaped = value.p[i] == '\\' && i + 1 < value.n;
        i += is_escaped;
        see(&list, is_escaped ? 'a' : value.p[i]);
        is_deep = list.groups > LIMIT_MAIL_GROUPS;
    }
    end_search(&list);
    *looked_at = list.looked_at;
    return is_deep || list.looked_at > LIMIT_MAIL_SEARCH_BYTES;
}

bool mime_guard_is_endless_list(struct str value)
{
    uint64_t looked_at = 0;
    return is_endless(value, &looked_at);
}

/* The line and those that go on with it. */
static struct str whole_header(struct str text)
{
    size_t n = first_line(text).n;
    while (n < text.n && is_continued(past(text, n)))
        n += first_line(past(text, n)).n;
    return (struct str){text.p, n};
}

bool mime_guard_is_endless(struct str raw)
{
    uint64_t looked_at = 0;
    if (raw.n < LIMIT_MAIL_GROUPS)
        return false;
    for (struct str rest = raw; rest.n > 0;) {
        bool has_addresses = is_address_header(rest);
        struct str lines = has_addresses ? whole_header(rest) : first_line(rest);
        if (has_addresses && is_endless(lines, &looked_at))
            return true;
        rest = past(rest, lines.n);
    }
    return false;
}
