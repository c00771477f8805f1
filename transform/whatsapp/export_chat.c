#include "transform/whatsapp/export_chat.h"

#include <glib.h>
#include <stdlib.h>

#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/whatsapp/export_scan.h"
#include "transform/whatsapp/export_words.h"
#include "transform/whatsapp/identity.h"

#define SENDER_MOST_BYTES 300
#define NUMBER_LEAST_DIGITS 7

struct wa_chat {
    struct map_out *out;
    struct arena *arena;
    GHashTable *senders; /* of struct wa_sender, by name */
    struct channel_account account;
    const struct channel_settings *settings;
    struct str *own; /* the setting, cleaned */
    struct str title, title_number, title_folded;
    bool is_title_certain;
    bool has_long_name; /* a name that is expected holds a colon, or may */
    bool has_replaced;  /* the title holds "_", which stands for ":" in names of files */
    bool has_group_line;
    bool is_group;
    struct wa_sender *person;
    struct str key;
    struct uuid id;
};

struct wa_chat *wa_chat_new(struct map_out *out)
{
    struct wa_chat *chat = xcalloc(1, sizeof *chat);
    chat->out = out;
    chat->arena = arena_new("chat", LIMIT_CHAT_ARENA_BYTES);
    chat->senders = g_hash_table_new(g_str_hash, g_str_equal);
    return chat;
}

void wa_chat_free(struct wa_chat **chat)
{
    if (chat == NULL || *chat == NULL)
        return;
    g_hash_table_destroy((*chat)->senders);
    arena_free(&(*chat)->arena);
    free(*chat);
    *chat = NULL;
}

/* ---- names ---- */

/* Without marks and the "~" of people who are not in the address book, blanks of one kind. */
static struct str clean_name(struct arena *arena, struct str text)
{
    char *bare = arena_alloc(arena, text.n + 1);
    size_t n = 0;
    const char *end = text.p + text.n;
    for (const char *p = text.p; bare != NULL && p < end; p = g_utf8_next_char(p)) {
        if (wa_is_plain(*p)) {
            bare[n++] = *p;
            continue;
        }
        size_t bytes = (size_t)(g_utf8_next_char(p) - p);
        if (wa_is_mark(g_utf8_get_char(p)))
            continue;
        bool is_blank = wa_is_blank(g_utf8_get_char(p));
        memcpy(bare + n, is_blank ? " " : p, is_blank ? 1 : bytes);
        n += is_blank ? 1 : bytes;
    }
    if (bare == NULL)
        return STR_NULL;
    struct str name = wa_trim((struct str){bare, n});
    if (str_starts_with(name, "~"))
        name = wa_trim((struct str){name.p + 1, name.n - 1});
    return wa_compose(arena, name);
}

/* Only letters and digits: file names lose the other characters. */
static struct str fold_name(struct arena *arena, struct str name)
{
    struct str folded = wa_fold(arena, name);
    char *to = arena_alloc(arena, folded.n + 1);
    size_t n = 0;
    const char *end = folded.p + folded.n;
    for (const char *p = folded.p; to != NULL && p < end; p = g_utf8_next_char(p)) {
        size_t bytes = (size_t)(g_utf8_next_char(p) - p);
        if (!g_unichar_isalnum(g_utf8_get_char(p)))
            continue;
        memcpy(to + n, p, bytes);
        n += bytes;
    }
    return n > 0 ? (struct str){to, n} : STR_NULL;
}

static char number_character(gunichar c)
{
    if (wa_is_blank(c))
        return ' ';
    if (c == 0x2010 || c == 0x2011)
        return '-';
    return c < 0x80 && strchr("+-(). 0123456789", (int)c) != NULL && c != 0 ? (char)c : '\0';
}

/* "+57 300 555 0178" as digits; STR_NULL: no telephone number. */
static struct str number_of(struct arena *arena, struct str name)
{
    char text[64];
    size_t n = 0;
    size_t digits = 0;
    const char *end = name.p + name.n;
    for (const char *p = name.p; p < end; p = g_utf8_next_char(p)) {
        char c = number_character(g_utf8_get_char(p));
        if (c == '\0' || n == sizeof text)
            return STR_NULL;
        text[n++] = c;
        digits += c >= '0' && c <= '9';
    }
    struct wa_party party = {.wa_id = STR_NULL};
    if (digits < NUMBER_LEAST_DIGITS)
        return STR_NULL;
    (void)wa_party_add(&party, arena, (struct str){text, n});
    return party.wa_id;
}

/* ---- the file's name ---- */

static bool drop_end(struct str *name, const char *end)
{
    size_t n = strlen(end);
    if (name->n <= n || strncasecmp(name->p + name->n - n, end, n) != 0)
        return false;
    name->n -= n;
    return true;
}

/* " (1)", which repeated downloads get. */
static void drop_count(struct str *name)
{
    size_t n = name->n;
    if (n < 4 || name->p[--n] != ')')
        return;
    size_t digits = 0;
    for (; n > 0 && name->p[n - 1] >= '0' && name->p[n - 1] <= '9'; n--)
        digits++;
    if (digits == 0 || n < 3 || name->p[n - 1] != '(')
        return;
    *name = wa_trim((struct str){name->p, n - 1});
}

static bool take_title(struct str name, const struct wa_name_shape *shape, struct str *title_out)
{
    size_t before = strlen(shape->before);
    size_t after = strlen(shape->after);
    if (name.n <= before + after || strncasecmp(name.p, shape->before, before) != 0 ||
        memcmp(name.p + name.n - after, shape->after, after) != 0)
        return false;
    *title_out = wa_trim((struct str){name.p + before, name.n - before - after});
    return title_out->n > 0;
}

static struct str with_blanks(struct arena *arena, struct str name)
{
    char *copy = arena_alloc(arena, name.n + 1);
    for (size_t i = 0; copy != NULL && i < name.n; i++)
        copy[i] = name.p[i];
    if (copy != NULL && memchr(copy, ' ', name.n) == NULL)
        for (size_t i = 0; i < name.n; i++)
            if (copy[i] == '_')
                copy[i] = ' ';
    return copy != NULL ? (struct str){copy, name.n} : STR_NULL;
}

struct str wa_chat_title_of(struct arena *arena, struct str name, bool *is_certain)
{
    *is_certain = false;
    if (name.n == 0 || !g_utf8_validate(name.p, (gssize)name.n, NULL))
        return STR_NULL;
    struct str stem = wa_compose(arena, name);
    (void)drop_end(&stem, ".gz");
    if (!drop_end(&stem, ".txt"))
        (void)drop_end(&stem, ".zip");
    drop_count(&stem);
    struct str spaced = with_blanks(arena, stem);
    struct str title;
    for (const struct wa_name_shape *shape = wa_name_shapes; shape->before != NULL; shape++) {
        *is_certain = take_title(spaced, shape, &title);
        if (*is_certain)
            return title;
    }
    struct str bare = wa_trim(stem);
    bool is_nobody = bare.n == 0 || str_is(bare, "_chat") || str_is(bare, "chat");
    return is_nobody ? STR_NULL : bare;
}

/* ---- senders ---- */

static bool is_own(const struct wa_chat *chat, struct str name, struct str number)
{
    for (size_t i = 0; i < chat->settings->own_count; i++) {
        struct str own = chat->own[i];
        if (str_equal(own, name))
            return true;
        char text[32];
        size_t n = number.n < sizeof text - 1 ? number.n : 0;
        if (n == 0 || own.n == 0)
            continue;
        struct wa_party party = {.wa_id = STR_NULL};
        memcpy(text, number.p, n);
        struct wa_party mine = {.wa_id = number_of(chat->arena, own)};
        party.wa_id = (struct str){text, n};
        if (!str_is_null(mine.wa_id) && wa_party_same(&mine, &party))
            return true;
    }
    return false;
}

static void identify(struct wa_chat *chat, struct wa_sender *sender)
{
    const struct str parts[] = {STR_LIT("wax:"), sender->name};
    sender->key = !str_is_null(sender->number) ? sender->number : arena_join(chat->arena, parts, 2);
    sender->id =
        ids_entity("contact", &chat->out->conf->tenant_id, &chat->account.channel_id, sender->key);
}

static struct wa_sender *add_sender(struct wa_chat *chat, struct str name)
{
    struct wa_sender *sender = arena_alloc(chat->arena, sizeof *sender);
    if (sender == NULL)
        return NULL;
    sender->name = arena_str(chat->arena, name);
    sender->number = number_of(chat->arena, sender->name);
    sender->is_own = is_own(chat, sender->name, sender->number);
    if (str_is_null(sender->name))
        return NULL;
    identify(chat, sender);
    g_hash_table_insert(chat->senders, (gpointer)(uintptr_t)sender->name.p, sender);
    return sender;
}

/* Names come from clean_name, which ends them with NUL. */
static struct wa_sender *find_sender(const struct wa_chat *chat, struct str name)
{
    return !str_is_null(name) ? g_hash_table_lookup(chat->senders, name.p) : NULL;
}

void wa_chat_begin(struct wa_chat *chat, const struct channel_account *account)
{
    g_hash_table_remove_all(chat->senders);
    arena_reset(chat->arena);
    chat->account = *account;
    chat->settings = channel_settings_of(&chat->account);
    chat->has_long_name = chat->has_group_line = chat->is_group = false;
    chat->person = NULL;
    chat->title = wa_chat_title_of(chat->arena, chat->out->document.name, &chat->is_title_certain);
    if (!str_is_null(chat->title))
        chat->title = clean_name(chat->arena, chat->title);
    chat->title_number = str_is_null(chat->title) ? STR_NULL : number_of(chat->arena, chat->title);
    chat->title_folded = str_is_null(chat->title) ? STR_NULL : fold_name(chat->arena, chat->title);
    size_t count = chat->settings->own_count;
    chat->own = arena_alloc(chat->arena, (count + 1) * sizeof *chat->own);
    for (size_t i = 0; i < count; i++) {
        chat->own[i] = clean_name(chat->arena, chat->settings->own[i]);
        chat->has_long_name =
            chat->has_long_name || memchr(chat->own[i].p, ':', chat->own[i].n) != NULL;
    }
    chat->has_replaced = chat->title.n > 0 && memchr(chat->title.p, '_', chat->title.n) != NULL;
    chat->has_long_name = chat->has_long_name || chat->has_replaced ||
                          (chat->title.n > 0 && memchr(chat->title.p, ':', chat->title.n) != NULL);
}

static bool is_expected(const struct wa_chat *chat, struct str name)
{
    for (size_t i = 0; i < chat->settings->own_count; i++)
        if (str_equal(chat->own[i], name))
            return true;
    return str_equal(chat->title, name);
}

/* ---- sender and text of a line ---- */

static bool ends_name(struct str line, size_t colon)
{
    if (colon + 1 == line.n)
        return true;
    const char *next = line.p + colon + 1;
    return wa_is_blank(g_utf8_get_char(next)) || *next == '\n';
}

/* "Dr_ Ana" is a file's name for "Dr: Ana". */
static bool is_titled(const struct wa_chat *chat, struct arena *arena, struct str name)
{
    return chat->has_replaced && !str_is_null(chat->title_folded) &&
           str_equal(chat->title_folded, fold_name(arena, name));
}

/* A name that holds a colon itself, where it is one that is expected. */
static size_t find_long(const struct wa_chat *chat, struct arena *arena, struct str line)
{
    size_t found = 0;
    for (size_t i = 1; chat->has_long_name && i < line.n && line.p[i] != '\n'; i++) {
        if (line.p[i] != ':' || !ends_name(line, i))
            continue;
        struct str name = clean_name(arena, (struct str){line.p, i});
        if (is_expected(chat, name) || is_titled(chat, arena, name))
            found = i;
    }
    return found;
}

/* The first colon that a blank or the line's end follows; without a blank only after somebody who
 * is known already. 0: none. */
static size_t find_colon(const struct wa_chat *chat, struct arena *arena, struct str line)
{
    size_t most = line.n < SENDER_MOST_BYTES ? line.n : SENDER_MOST_BYTES;
    size_t found = find_long(chat, arena, (struct str){line.p, most});
    for (size_t i = 1; found == 0 && i < most && line.p[i] != '\n'; i++) {
        if (line.p[i] != ':')
            continue;
        if (ends_name(line, i))
            return i;
        struct str name = clean_name(arena, (struct str){line.p, i});
        const struct wa_sender *sender = find_sender(chat, name);
        if (is_expected(chat, name) || (sender != NULL && sender->lines > 0))
            return i;
    }
    return found;
}

/* "Ana changed something: more" in words that are not known, beside "Ana". */
static bool extends_somebody(const struct wa_chat *chat, struct str name)
{
    char text[2 * SENDER_MOST_BYTES];
    if (name.n >= sizeof text)
        return false;
    memcpy(text, name.p, name.n);
    for (size_t i = name.n; i-- > 1;) {
        if (text[i] != ' ')
            continue;
        text[i] = '\0';
        const struct wa_sender *sender = find_sender(chat, (struct str){text, i});
        if (sender != NULL && sender->lines > 1)
            return true;
    }
    return false;
}

/* "Lucía changed the subject to "Offer: 2x1"": what stands before the colon is no name, unless
 * it writes again and again. */
static bool is_phrase(const struct wa_chat *chat, struct arena *arena, struct str name)
{
    const struct wa_sender *sender = find_sender(chat, name);
    if ((sender != NULL && sender->lines > 1) || is_expected(chat, name))
        return false;
    bool is_of_two = chat->person != NULL && sender != chat->person;
    return (is_of_two && extends_somebody(chat, name)) || wa_words_is_system(wa_fold(arena, name));
}

void wa_chat_split(const struct wa_chat *chat, struct arena *arena, struct str line,
                   struct str *sender_out, struct str *text_out)
{
    size_t colon = find_colon(chat, arena, line);
    *sender_out = STR_NULL;
    *text_out = line;
    if (colon == 0)
        return;
    struct str name = clean_name(arena, (struct str){line.p, colon});
    if (name.n == 0 || is_phrase(chat, arena, name))
        return;
    *sender_out = name;
    *text_out = (struct str){line.p + colon + 1, line.n - colon - 1};
    if (text_out->n > 0 && text_out->p[0] == ' ')
        *text_out = (struct str){text_out->p + 1, text_out->n - 1};
}

void wa_chat_count(struct wa_chat *chat, struct str name, bool is_past)
{
    struct wa_sender *sender = find_sender(chat, name);
    if (sender == NULL && g_hash_table_size(chat->senders) < LIMIT_CHAT_SENDERS)
        sender = add_sender(chat, name);
    if (sender == NULL)
        return;
    sender->lines++;
    sender->pasts += is_past;
}

void wa_chat_count_system(struct wa_chat *chat, struct arena *arena, struct str text)
{
    if (!chat->has_group_line)
        chat->has_group_line = wa_words_is_group(wa_fold(arena, text));
}

/* ---- who is who ---- */

struct people {
    size_t own, others;
    struct wa_sender *other; /* the one that writes most; by name where two write as much */
    struct wa_sender *named; /* whom the file's name names */
};

static bool is_before(const struct wa_sender *a, const struct wa_sender *b)
{
    return a->lines != b->lines ? a->lines > b->lines : strcmp(a->name.p, b->name.p) < 0;
}

/* What looks like a sender once, but is a phrase of WhatsApp's, is nobody. */
static bool is_nobody(const struct wa_chat *chat, const struct wa_sender *sender)
{
    return sender->lines == 0 || is_phrase(chat, chat->arena, sender->name);
}

static bool looks_like_line(const struct wa_chat *chat, const struct wa_sender *sender)
{
    return sender->lines == 1 && extends_somebody(chat, sender->name);
}

static bool looks_pasted(const struct wa_sender *sender)
{
    return sender->lines == sender->pasts && !sender->is_own;
}

static bool is_named(const struct wa_chat *chat, const struct wa_sender *sender)
{
    if (!str_is_null(sender->number) && str_equal(sender->number, chat->title_number))
        return true;
    return !str_is_null(chat->title_folded) &&
           str_equal(chat->title_folded, fold_name(chat->arena, sender->name));
}

/* is_of_two: what may be such a line is nobody; has_pasted: nor is who was pasted. */
static struct people meet(const struct wa_chat *chat, bool is_of_two, bool has_pasted)
{
    struct people people = {.own = 0};
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, chat->senders);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct wa_sender *sender = value;
        if (is_nobody(chat, sender) || (is_of_two && looks_like_line(chat, sender)))
            continue;
        if (is_named(chat, sender))
            people.named = sender;
        else if (has_pasted && looks_pasted(sender))
            continue;
        people.own += sender->is_own;
        people.others += !sender->is_own;
        if (!sender->is_own && (people.other == NULL || is_before(sender, people.other)))
            people.other = sender;
    }
    return people;
}

static bool refuse(struct wa_chat_fault *fault, const char *path, const char *detail)
{
    *fault = (struct wa_chat_fault){REJECT_MISSING_MEMBER, path, detail};
    return false;
}

static bool refuse_own(struct wa_chat_fault *fault, bool is_group)
{
    return refuse(fault, "own",
                  is_group ? "expected the setting \"own\" (--own NAME): a group's file does not "
                             "say which of its senders write for the business"
                           : "expected the setting \"own\" (--own NAME): neither sender is the one "
                             "that the file's name names, so nobody can tell who is the business");
}

/* The rule for chats of two without the setting. */
static bool find_own(struct wa_chat *chat, struct people *people, struct wa_chat_fault *fault)
{
    if (people->others == 0)
        return true;
    if (people->named == NULL && (people->others > 1 || !chat->is_title_certain))
        return refuse_own(fault, false);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, chat->senders);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        ((struct wa_sender *)value)->is_own = value != people->named;
    people->other = people->named;
    return true;
}

/* A direct chat's other side, which may not have written at all. */
static bool find_person(struct wa_chat *chat, const struct people *people,
                        struct wa_chat_fault *fault)
{
    chat->person = people->other;
    if (chat->person == NULL && str_is_null(chat->title))
        return refuse(fault, "name",
                      "expected the file's name (--name), such as \"WhatsApp Chat with Ana.txt\": "
                      "nobody but the business writes, so the text does not say with whom");
    if (chat->person == NULL)
        chat->person = add_sender(chat, chat->title);
    if (chat->person == NULL)
        return refuse(fault, "name", "the name is too long");
    chat->person->is_own = false;
    if (!str_is_null(chat->title_number)) {
        chat->person->number = chat->title_number;
        identify(chat, chat->person);
    }
    chat->key = chat->person->key;
    return true;
}

static bool name_group(struct wa_chat *chat, struct wa_chat_fault *fault)
{
    const struct str parts[] = {STR_LIT("wax:group:"), chat->title};
    if (str_is_null(chat->title))
        return refuse(fault, "name",
                      "expected the file's name (--name), such as \"WhatsApp Chat with "
                      "Ventas.txt\": the text does not say what the group is called");
    chat->key = arena_join(chat->arena, parts, 2);
    return true;
}

static bool decide(struct wa_chat *chat, struct people *people, struct wa_chat_fault *fault)
{
    bool is_told = chat->settings->own_count > 0;
    size_t everybody = people->own + people->others;
    chat->is_group = chat->has_group_line || (is_told ? people->others > 1 : everybody > 2);
    if (is_told && !chat->has_group_line && people->own == 0 && everybody == 2)
        return refuse(fault, "own",
                      "nobody whom the setting \"own\" (--own) names writes in this chat of two: "
                      "give the name as it stands in the file");
    if (chat->is_group && !is_told && everybody > 0)
        return refuse_own(fault, true);
    if (chat->is_group)
        return name_group(chat, fault);
    return (is_told || find_own(chat, people, fault)) && find_person(chat, people, fault);
}

bool wa_chat_decide(struct wa_chat *chat, struct wa_chat_fault *fault_out)
{
    struct people people = meet(chat, true, true);
    if (people.others == 0)
        people = meet(chat, true, false);
    if (people.own + people.others > 2 || chat->has_group_line)
        people = meet(chat, false, false);
    if (!decide(chat, &people, fault_out))
        return false;
    chat->id = ids_entity("conversation", &chat->out->conf->tenant_id, &chat->account.channel_id,
                          chat->key);
    return true;
}

struct wa_sender *wa_chat_sender(struct wa_chat *chat, struct str name)
{
    struct wa_sender *sender = find_sender(chat, name);
    if (sender == NULL && (chat->is_group || is_own(chat, name, STR_NULL)) &&
        g_hash_table_size(chat->senders) < LIMIT_CHAT_SENDERS)
        sender = add_sender(chat, name);
    if (sender == NULL)
        return NULL;
    sender->lines++;
    bool belongs = chat->is_group || sender->is_own || sender == chat->person;
    return belongs ? sender : NULL;
}

bool wa_chat_is_stranger(const struct wa_chat *chat, struct str name)
{
    const struct wa_sender *sender = find_sender(chat, name);
    bool belongs = sender != NULL ? sender->is_own || sender == chat->person
                                  : is_own(chat, name, number_of(chat->arena, name));
    return !chat->is_group && !belongs;
}

struct wa_sender *wa_chat_person(const struct wa_chat *chat)
{
    return chat->is_group ? NULL : chat->person;
}

struct str wa_chat_key(const struct wa_chat *chat)
{
    return chat->key;
}

const struct uuid *wa_chat_id(const struct wa_chat *chat)
{
    return &chat->id;
}

struct str wa_chat_title(const struct wa_chat *chat)
{
    return chat->title;
}

const struct channel_account *wa_chat_account(const struct wa_chat *chat)
{
    return &chat->account;
}

bool wa_chat_is_verified(const struct wa_chat *chat)
{
    return !chat->is_group && !str_is_null(chat->person->number);
}
