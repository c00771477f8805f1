#include "transform/email/thread.h"

#include <strings.h>

#include "lib/clock.h"
#include "lib/decimal.h"
#include "lib/digest.h"
#include "lib/hex.h"
#include "transform/email/address.h"
#include "transform/email/mime.h"
#include "transform/email/words.h"

#define SEPARATOR "\x1F"
#define CHECK_DIGITS 16
/* Looked at, of a hostile header: the first and the last ones. */
#define TOKENS_MOST 1000

/* ---- scanning ---- */

struct tokens {
    struct str v[TOKENS_MOST]; /* the first, then a ring of the last */
    size_t count;              /* found in all */
};

static void token_add(struct tokens *tokens, struct str token)
{
    size_t at =
        tokens->count < TOKENS_MOST ? tokens->count : 1 + (tokens->count - 1) % (TOKENS_MOST - 1);
    tokens->v[at] = token;
    tokens->count++;
}

static struct str token_at(const struct tokens *tokens, size_t i)
{
    if (tokens->count <= TOKENS_MOST || i == 0)
        return tokens->v[i];
    return tokens->v[1 + (tokens->count - TOKENS_MOST + i - 1) % (TOKENS_MOST - 1)];
}

static size_t tokens_held(const struct tokens *tokens)
{
    return tokens->count < TOKENS_MOST ? tokens->count : TOKENS_MOST;
}

static void scan_brackets(struct str text, struct tokens *tokens)
{
    const char *end = text.p + text.n;
    const char *at = text.p;
    while (at < end) {
        const char *open = memchr(at, '<', (size_t)(end - at));
        const char *close = open != NULL ? memchr(open, '>', (size_t)(end - open)) : NULL;
        if (close == NULL)
            return;
        at = close + 1;
        token_add(tokens, (struct str){open, (size_t)(at - open)});
    }
}

static bool is_divider(char c)
{
    return words_is_space(c) || c == ',';
}

static void scan_words(struct str text, struct tokens *tokens)
{
    size_t at = 0;
    while (at < text.n) {
        size_t begin = at;
        while (at < text.n && !is_divider(text.p[at]))
            at++;
        if (at > begin && memchr(text.p + begin, '@', at - begin) != NULL)
            token_add(tokens, (struct str){text.p + begin, at - begin});
        at += at == begin || at < text.n;
    }
}

static void scan(struct str text, struct tokens *tokens)
{
    tokens->count = 0;
    if (text.n == 0)
        return;
    scan_brackets(text, tokens);
    if (tokens->count == 0)
        scan_words(text, tokens);
}

static bool holds(const struct str *ids, size_t count, struct str id)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(ids[i], id))
            return true;
    return false;
}

/* Full: the second makes room, so that the first and the last ones stay. */
static void append(struct str ids[static MAIL_LINKS_MOST], size_t *count, struct str id)
{
    if (*count == MAIL_LINKS_MOST) {
        memmove(&ids[1], &ids[2], (MAIL_LINKS_MOST - 2) * sizeof ids[0]);
        (*count)--;
    }
    ids[(*count)++] = id;
}

bool mail_references_scan(struct arena *arena, struct str text,
                          struct str ids[static MAIL_LINKS_MOST], size_t *count_out)
{
    *count_out = 0;
    struct tokens tokens;
    struct str all[TOKENS_MOST];
    scan(text, &tokens);
    size_t count = 0;
    for (size_t i = 0; i < tokens_held(&tokens); i++) {
        struct str id = mail_message_id(arena, token_at(&tokens, i));
        if (id.n > 0 && !holds(all, count, id))
            all[count++] = id;
    }
    for (size_t i = 0; i < count; i++)
        append(ids, count_out, all[i]);
    return true;
}

/* ---- what the headers say ---- */

/* Several headers of the name count as one. */
static bool join_headers(struct arena *arena, const struct mail *mail, const char *name,
                         struct str *out)
{
    *out = STR_NULL;
    const struct mail_header *header = NULL;
    while ((header = mail_header_next(mail, header, name)) != NULL) {
        const struct str parts[] = {*out, STR_LIT(" "), header->value};
        *out = str_is_null(*out) ? header->value : arena_join(arena, parts, 3);
        if (str_is_null(*out))
            return false;
    }
    return true;
}

static bool names_address(const struct mail_addresses *list, struct str id)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].address.n == id.n && strncasecmp(list->v[i].address.p, id.p, id.n) == 0)
            return true;
    return false;
}

static bool is_address_of(const struct mail *mail, struct str id)
{
    return names_address(&mail->from, id) || names_address(&mail->sender, id) ||
           names_address(&mail->reply_to, id) || names_address(&mail->to, id) ||
           names_address(&mail->cc, id) || names_address(&mail->bcc, id);
}

/* Old clients write a text and addresses around the id. */
static bool find_in_reply_to(struct arena *arena, const struct mail *mail, struct str *out)
{
    struct str ids[MAIL_LINKS_MOST];
    size_t count = 0;
    *out = STR_NULL;
    if (!mail_references_scan(arena, mail_header_text(mail, "In-Reply-To"), ids, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (memchr(ids[i].p, '@', ids[i].n) == NULL || is_address_of(mail, ids[i]))
            continue;
        *out = ids[i];
        break;
    }
    return true;
}

/* ---- own id ---- */

static struct str date_seconds(struct arena *arena, const struct mail *mail)
{
    int64_t us = TIME_NONE;
    if (str_is_null(mail->date) || !email_date(mail->date, &us))
        return STR_LIT("");
    char digits[DECIMAL_TEXT_BYTES];
    size_t n = decimal_format(us / US_PER_SECOND, digits);
    return arena_str(arena, (struct str){digits, n});
}

static struct str hex_of(struct arena *arena, struct str bytes)
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    digest_sha256(bytes, digest);
    char *hex = arena_alloc(arena, (size_t)DIGEST_SHA256_BYTES * 2 + 1);
    if (hex == NULL)
        return STR_NULL;
    hex_encode(digest, DIGEST_SHA256_BYTES, hex);
    return str_of(hex);
}

static struct str without_blanks(struct arena *arena, struct str text)
{
    char *plain = arena_alloc(arena, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; plain != NULL && i < text.n; i++)
        if (!words_is_space(text.p[i]))
            plain[n++] = text.p[i];
    return (struct str){plain, n};
}

/* The same for every copy of the mail: what relays and mailboxes add to it is left out. The subject
 * counts as decoded, since providers hand out no other form. */
static struct str id_of_fields(struct arena *arena, const struct mail_thread_basis *basis,
                               struct str seconds)
{
    const struct mail *mail = basis->mail;
    struct str from = mail->from.n > 0 ? mail->from.v[0].address : STR_NULL;
    struct str subject = mail->subject.n > 0 ? words_squeeze(arena, mail->subject) : STR_NULL;
    struct str plain = without_blanks(arena, basis->text);
    struct str body = str_is_null(plain) ? STR_NULL : hex_of(arena, plain);
    struct str separator = STR_LIT(SEPARATOR);
    const struct str parts[] = {from, separator, seconds, separator, subject, separator, body};
    struct str fields =
        str_is_null(body) ? STR_NULL : arena_join(arena, parts, sizeof parts / sizeof parts[0]);
    return !str_is_null(fields) ? mail_hashed_id(arena, fields) : STR_NULL;
}

/* Tells two mails with one Message-ID apart. */
static struct str find_check(struct arena *arena, const struct mail *mail, struct str seconds)
{
    struct str from = mail->from.n > 0 ? mail->from.v[0].address : STR_NULL;
    const struct str parts[] = {from, STR_LIT(SEPARATOR), seconds};
    struct str fields = arena_join(arena, parts, 3);
    struct str hex = str_is_null(fields) ? STR_NULL : hex_of(arena, fields);
    return !str_is_null(hex) ? (struct str){hex.p, CHECK_DIGITS} : STR_NULL;
}

static bool reuses_ids(const struct channel_settings *settings, const struct mail *mail)
{
    struct str from = mail->from.n > 0 ? mail->from.v[0].address : STR_NULL;
    const char *at = from.n > 0 ? memrchr(from.p, '@', from.n) : NULL;
    if (at == NULL)
        return false;
    struct str domain = {at + 1, from.n - (size_t)(at + 1 - from.p)};
    for (size_t i = 0; i < settings->reused_id_domain_count; i++) {
        struct str listed = settings->reused_id_domains[i];
        if (domain.n == listed.n && strncasecmp(domain.p, listed.p, domain.n) == 0)
            return true;
    }
    return false;
}

static bool find_own_id(struct arena *arena, const struct mail_thread_basis *basis,
                        struct mail_thread *out)
{
    const struct mail *mail = basis->mail;
    struct str seconds = date_seconds(arena, mail);
    if (str_is_null(seconds))
        return false;
    if (str_is_null(mail->message_id)) {
        out->message_id = id_of_fields(arena, basis, seconds);
        return !str_is_null(out->message_id);
    }
    out->message_id = mail->message_id;
    out->mid_check = find_check(arena, mail, seconds);
    if (str_is_null(out->mid_check))
        return false;
    if (!reuses_ids(basis->own->settings, mail))
        return true;
    const struct str parts[] = {mail->message_id, STR_LIT("#"), out->mid_check};
    out->message_id = arena_join(arena, parts, 3);
    return !str_is_null(out->message_id);
}

/* ---- the conversation ---- */

struct str mail_thread_key(struct arena *arena, const struct channel_settings *settings,
                           struct str id, struct str contact)
{
    const struct str parts[] = {id, STR_LIT(SEPARATOR), contact};
    return settings->thread_per_contact && contact.n > 0 ? arena_join(arena, parts, 3) : id;
}

/* All ids that name the thread, root first. */
static size_t gather_links(const struct mail_thread_basis *basis, const struct mail_thread *thread,
                           struct str in_reply_to, struct str ids[static MAIL_LINKS_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < thread->reference_count; i++)
        append(ids, &count, thread->references[i]);
    const struct str others[] = {in_reply_to, basis->about, thread->message_id};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i].n > 0 && !holds(ids, count, others[i]))
            append(ids, &count, others[i]);
    return count;
}

/* A provider's API names a mail by an id of its own, but the mail may keep the Message-ID that its
 * sender gave: answers speak of that one. */
static size_t add_wire_id(struct arena *arena, const struct mail *mail,
                          struct str ids[static MAIL_LINKS_MOST], size_t count)
{
    const struct mail_header *header = mail_header_find(mail, "Message-ID");
    struct str id = header != NULL ? mail_message_id(arena, header->value) : STR_NULL;
    if (id.n > 0 && !holds(ids, count, id))
        append(ids, &count, id);
    return count;
}

static bool place(struct arena *arena, const struct mail_thread_basis *basis,
                  struct str in_reply_to, struct mail_thread *out)
{
    struct str *ids = arena_alloc(arena, MAIL_LINKS_MOST * sizeof *ids);
    if (ids == NULL)
        return false;
    size_t count = gather_links(basis, out, in_reply_to, ids);
    if (basis->mail->is_sent)
        count = add_wire_id(arena, basis->mail, ids, count);
    for (size_t i = 0; i < count; i++) {
        ids[i] = mail_thread_key(arena, basis->own->settings, ids[i], basis->counterpart);
        if (str_is_null(ids[i]))
            return false;
    }
    out->key = ids[0];
    out->aliases = ids + 1;
    out->alias_count = count - 1;
    return true;
}

/* A mail is no answer to itself. */
static void drop_own_id(struct str ids[static MAIL_LINKS_MOST], size_t *count, struct str own)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (!str_equal(ids[i], own))
            ids[kept++] = ids[i];
    *count = kept;
}

bool mail_thread_find(struct arena *arena, const struct mail_thread_basis *basis,
                      struct mail_thread *out)
{
    *out = (struct mail_thread){.message_id = STR_NULL};
    struct str text = STR_NULL, in_reply_to = STR_NULL;
    struct str *ids = arena_alloc(arena, MAIL_LINKS_MOST * sizeof *ids);
    if (ids == NULL || !find_own_id(arena, basis, out) ||
        !join_headers(arena, basis->mail, "References", &text) ||
        !mail_references_scan(arena, text, ids, &out->reference_count) ||
        !find_in_reply_to(arena, basis->mail, &in_reply_to))
        return false;
    drop_own_id(ids, &out->reference_count, basis->mail->message_id);
    if (str_equal(in_reply_to, basis->mail->message_id))
        in_reply_to = STR_NULL;
    out->references = ids;
    out->reply_to = in_reply_to;
    if (str_is_null(out->reply_to) && out->reference_count > 0)
        out->reply_to = ids[out->reference_count - 1];
    return place(arena, basis, in_reply_to, out);
}
