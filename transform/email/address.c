#include "transform/email/address.h"

#include <ctype.h>
#include <pthread.h>

#include <gmime/gmime.h>

#include "lib/digest.h"
#include "lib/hex.h"
#include "transform/email/mime.h"
#include "transform/email/mime_guard.h"
#include "transform/email/words.h"
#include "transform/text.h"

#define ADDRESS_MOST 998 /* RFC 5322's longest line; what is longer names nobody */
#define MESSAGE_ID_MOST 998
#define DUMMY_LONGEST 7 /* of an id without "@" */
#define HASH_PREFIX "sha256:"

void email_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, g_mime_init);
}

/* ---- addresses ---- */

static struct str clean(struct arena *arena, const char *text)
{
    uint64_t replaced = 0;
    return text != NULL && text[0] != '\0' ? text_clean(arena, str_of(text), &replaced) : STR_NULL;
}

static struct str lower_ascii(struct arena *arena, const char *text)
{
    struct str cleaned = clean(arena, text);
    char *lower = cleaned.n > 0 ? arena_alloc(arena, cleaned.n + 1) : NULL;
    for (size_t i = 0; lower != NULL && i < cleaned.n; i++)
        lower[i] = (char)tolower((unsigned char)cleaned.p[i]);
    return lower != NULL ? (struct str){lower, cleaned.n} : STR_NULL;
}

static bool is_ascii(const char *text)
{
    while (*text > 0)
        text++;
    return *text == '\0';
}

/* 'ana@example.net', as some write it. */
static struct str without_quotes(struct str key)
{
    bool is_quoted =
        key.n > 2 && (key.p[0] == '\'' || key.p[0] == '"') && key.p[key.n - 1] == key.p[0];
    return is_quoted ? (struct str){key.p + 1, key.n - 2} : key;
}

static struct str mailbox_key(struct arena *arena, InternetAddress *address)
{
    InternetAddressMailbox *mailbox = INTERNET_ADDRESS_MAILBOX(address);
    const char *text = internet_address_mailbox_get_addr(mailbox);
    if (text == NULL || strlen(text) > ADDRESS_MOST)
        return STR_NULL;
    const char *encoded = is_ascii(text) ? NULL /* libidn2 takes its time */
                                         : internet_address_mailbox_get_idn_addr(mailbox);
    return without_quotes(lower_ascii(arena, encoded != NULL ? encoded : text));
}

/* What a list holds, groups taken apart; v NULL: only counts. */
static size_t collect(struct arena *arena, InternetAddressList *list, struct mail_address *v)
{
    size_t n = 0;
    for (int i = 0; i < internet_address_list_length(list); i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            InternetAddressList *members =
                internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address));
            n += collect(arena, members, v != NULL ? v + n : NULL);
            continue;
        }
        if (v != NULL)
            v[n] = (struct mail_address){clean(arena, internet_address_get_name(address)),
                                         mailbox_key(arena, address)};
        n++;
    }
    return n;
}

/* Those that name nobody go. */
static size_t drop_nameless(struct mail_address *v, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (v[i].address.n > 0)
            v[kept++] = v[i];
    return kept;
}

/* ---- what is no list of addresses ---- */

static bool is_edge(char c)
{
    return words_is_space(c) || strchr("<>()[],;:\"'", c) != NULL;
}

/* The word around the first "@" behind the place that has something on both sides. */
static struct str find_word(struct str text, size_t from)
{
    size_t n = 0;
    for (size_t at = from; at < text.n; at += n + 1) {
        const char *sign = memchr(text.p + at, '@', text.n - at);
        if (sign == NULL)
            return STR_NULL;
        size_t begin = (size_t)(sign - text.p), end = begin + 1;
        while (begin > at && !is_edge(text.p[begin - 1]))
            begin--;
        while (end < text.n && !is_edge(text.p[end]) && text.p[end] != '@')
            end++;
        struct str word = {text.p + begin, end - begin};
        if (word.p < sign && end > (size_t)(sign + 1 - text.p) && word.n <= ADDRESS_MOST)
            return word;
        n = end - at;
    }
    return STR_NULL;
}

/* "Ana" of: "Ana" ana@example.net */
static struct str name_before(struct arena *arena, struct str text, struct str word)
{
    struct str name = {text.p, (size_t)(word.p - text.p)};
    while (name.n > 0 && is_edge(name.p[name.n - 1]))
        name.n--;
    while (name.n > 0 && is_edge(name.p[0]))
        name = (struct str){name.p + 1, name.n - 1};
    return name.n > 0 ? email_header_value(arena, name) : STR_NULL;
}

/* Senders forget brackets, and have addresses that RFC 5322 does not know ("ana..x@example.net"):
 * who wrote is plain all the same. */
static bool find_addresses(struct arena *arena, struct str text, struct mail_addresses *out)
{
    size_t count = 0;
    for (struct str word = find_word(text, 0); word.n > 0; count++)
        word = find_word(text, (size_t)(word.p - text.p) + word.n);
    out->v = count > 0 ? arena_alloc(arena, count * sizeof *out->v) : NULL;
    struct str word = find_word(text, 0);
    for (size_t i = 0; out->v != NULL && i < count; i++) {
        struct str key = lower_ascii(arena, arena_str(arena, word).p);
        out->v[i] = (struct mail_address){i == 0 ? name_before(arena, text, word) : STR_NULL, key};
        word = find_word(text, (size_t)(word.p - text.p) + word.n);
    }
    out->n = out->v != NULL ? drop_nameless(out->v, count) : 0;
    return count == 0 || out->v != NULL;
}

bool mail_addresses_parse(struct arena *arena, struct str text, struct mail_addresses *out)
{
    *out = (struct mail_addresses){NULL, 0};
    if (text.n == 0 || mime_guard_is_endless_list(text))
        return true;
    struct str terminated = arena_str(arena, text);
    if (terminated.p == NULL)
        return false;
    email_init();
    InternetAddressList *list = internet_address_list_parse(NULL, terminated.p);
    if (list == NULL)
        return find_addresses(arena, text, out);
    size_t n = collect(arena, list, NULL);
    out->v = n > 0 ? arena_alloc(arena, n * sizeof *out->v) : NULL;
    if (out->v != NULL)
        out->n = drop_nameless(out->v, collect(arena, list, out->v));
    g_object_unref(list);
    if (n > 0 && out->v == NULL)
        return false;
    return out->n > 0 || find_addresses(arena, text, out);
}

struct str mail_address_key(struct arena *arena, struct str address)
{
    struct mail_addresses parsed;
    if (mail_addresses_parse(arena, address, &parsed) && parsed.n > 0)
        return parsed.v[0].address;
    return STR_NULL;
}

/* ---- message ids ---- */

static struct str within_brackets(struct str header)
{
    const char *open = header.n > 0 ? memchr(header.p, '<', header.n) : NULL;
    if (open == NULL)
        return STR_NULL;
    size_t left = header.n - (size_t)(open + 1 - header.p);
    const char *close = memchr(open + 1, '>', left);
    return close != NULL ? (struct str){open + 1, (size_t)(close - open - 1)} : STR_NULL;
}

static struct str first_token(struct str header)
{
    header = words_trim(header);
    if (header.n > 0 && header.p[0] == '<') /* never closed */
        header = (struct str){header.p + 1, header.n - 1};
    size_t n = 0;
    while (n < header.n && !words_is_space(header.p[n]))
        n++;
    return (struct str){header.p, n};
}

static struct str without_blanks(struct arena *arena, struct str id)
{
    char *plain = arena_alloc(arena, id.n + 1);
    size_t n = 0;
    for (size_t i = 0; plain != NULL && i < id.n; i++)
        if (!words_is_space(id.p[i]))
            plain[n++] = id.p[i];
    return (struct str){plain, n};
}

static bool is_dummy(struct str id)
{
    bool has_at = id.n > 0 && memchr(id.p, '@', id.n) != NULL;
    return id.n == 0 || str_is(id, "@") || (!has_at && id.n <= DUMMY_LONGEST);
}

struct str mail_hashed_id(struct arena *arena, struct str bytes)
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    digest_sha256(bytes, digest);
    char *text = arena_alloc(arena, sizeof HASH_PREFIX + (size_t)DIGEST_SHA256_BYTES * 2);
    if (text == NULL)
        return STR_NULL;
    memcpy(text, HASH_PREFIX, sizeof HASH_PREFIX - 1);
    hex_encode(digest, DIGEST_SHA256_BYTES, text + sizeof HASH_PREFIX - 1);
    return str_of(text);
}

/* SendGrid names one of its machines behind the @; its API and most of its events do not, and yet
 * all mean the same mail (event.h). */
static struct str without_machine(struct arena *arena, struct str id)
{
    const char *at = id.n > 0 ? memrchr(id.p, '@', id.n) : NULL;
    size_t local = at != NULL ? (size_t)(at - id.p) : id.n;
    if (memmem(id.p + local, id.n - local, "ismtpd", 6) == NULL)
        return id;
    const struct str parts[] = {{id.p, local}, STR_LIT(MAIL_SENDGRID_DOMAIN)};
    return arena_join(arena, parts, 2);
}

struct str mail_message_id(struct arena *arena, struct str header)
{
    struct str id = within_brackets(header);
    if (str_is_null(id))
        id = first_token(header);
    id = id.n > 0 ? without_blanks(arena, id) : STR_NULL;
    if (is_dummy(id))
        return STR_NULL;
    id = without_machine(arena, id);
    return id.n <= MESSAGE_ID_MOST ? id : mail_hashed_id(arena, id);
}
