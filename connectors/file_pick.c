#include "connectors/file_pick.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/limits.h"
#include "transform/text.h"
#include "transform/whatsapp/export_chat.h"
#include "transform/whatsapp/export_scan.h"

#define LOOK_BYTES (64 * KIB)
#define NAMES_BYTES (1 * MIB)

typedef bool wanted_fn(struct str base);

static struct str base_of(struct str name)
{
    const char *slash = name.n > 0 ? memrchr(name.p, '/', name.n) : NULL;
    size_t at = slash != NULL ? (size_t)(slash + 1 - name.p) : 0;
    return (struct str){name.p + at, name.n - at};
}

static bool ends_with(struct str name, const char *end)
{
    size_t n = strlen(end);
    return name.n > n && strncasecmp(name.p + name.n - n, end, n) == 0;
}

static bool is_regular(struct str name)
{
    struct str base = base_of(name);
    bool leads_out = str_starts_with(name, "/") || str_starts_with(name, "../") ||
                     memmem(name.p, name.n, "/../", 4) != NULL ||
                     memchr(name.p, '\\', name.n) != NULL;
    return base.n > 0 && !leads_out && !str_starts_with(name, "__MACOSX/") &&
           memmem(name.p, name.n, "/__MACOSX/", 10) == NULL && !str_starts_with(base, "._");
}

static struct str name_of(zip_t *archive, uint64_t index)
{
    const char *name = zip_get_name(archive, index, ZIP_FL_ENC_GUESS);
    return name != NULL ? str_of(name) : (struct str){"", 0};
}

static uint64_t count_of(zip_t *archive)
{
    zip_int64_t count = zip_get_num_entries(archive, 0);
    return count > 0 ? (uint64_t)count : 0;
}

static void pick(zip_t *archive, wanted_fn *is_wanted, struct file_picks *picks)
{
    for (uint64_t i = 0; i < count_of(archive); i++) {
        struct str name = name_of(archive, i);
        if (is_regular(name) && is_wanted(base_of(name)))
            picks->indices[picks->count++] = i;
    }
}

/* ---- what is wanted ---- */

static bool is_anything(struct str base)
{
    return base.n > 0;
}

static bool is_result(struct str base)
{
    return str_is(base, "result.json");
}

static bool is_mail(struct str base)
{
    return ends_with(base, ".eml") || ends_with(base, ".mbox") || ends_with(base, ".mbx");
}

static bool is_chat_text(struct str base)
{
    return str_is(base, "_chat.txt");
}

static bool is_text(struct str base)
{
    return ends_with(base, ".txt");
}

static bool is_named_chat(struct str base)
{
    bool is_certain = false;
    struct arena *arena = arena_new("name", NAMES_BYTES);
    if (is_text(base))
        (void)wa_chat_title_of(arena, base, &is_certain);
    arena_free(&arena);
    return is_certain;
}

/* ---- the likeliest of several texts ---- */

static size_t count_headers(struct str bytes)
{
    size_t count = 0;
    while (bytes.n > 0) {
        const char *end = memchr(bytes.p, '\n', bytes.n);
        struct str line = {bytes.p, end != NULL ? (size_t)(end - bytes.p) : bytes.n};
        struct wa_header header;
        count += text_is_clean(line) && wa_header_scan(line, &header) == WA_SCAN_HEADER;
        bytes.p += line.n + (end != NULL);
        bytes.n -= line.n + (end != NULL);
    }
    return count;
}

static size_t look_for_headers(zip_t *archive, uint64_t index)
{
    zip_file_t *file = zip_fopen_index(archive, index, 0);
    char *bytes = xmalloc(LOOK_BYTES);
    zip_int64_t n = file != NULL ? zip_fread(file, bytes, LOOK_BYTES) : -1;
    size_t count = n > 0 ? count_headers((struct str){bytes, (size_t)n}) : 0;
    free(bytes);
    if (file != NULL)
        (void)zip_fclose(file);
    return count;
}

static bool says_chat(struct str base)
{
    for (size_t i = 0; i + 4 <= base.n; i++)
        if (strncasecmp(base.p + i, "chat", 4) == 0 ||
            (i + 8 <= base.n && strncasecmp(base.p + i, "whatsapp", 8) == 0))
            return true;
    return false;
}

/* A name that says chat, the shortest, and it is one; else the text with most messages at its
 * beginning. */
static void keep_likeliest(zip_t *archive, struct file_picks *picks)
{
    uint64_t best = 0;
    size_t best_bytes = SIZE_MAX;
    size_t most_headers = 0;
    for (size_t i = 0; i < picks->count; i++) {
        struct str base = base_of(name_of(archive, picks->indices[i]));
        if (says_chat(base) && base.n < best_bytes &&
            look_for_headers(archive, picks->indices[i]) > 0) {
            best_bytes = base.n;
            best = picks->indices[i];
        }
    }
    for (size_t i = 0; best_bytes == SIZE_MAX && i < picks->count; i++) {
        size_t headers = look_for_headers(archive, picks->indices[i]);
        if (i > 0 && headers <= most_headers)
            continue;
        most_headers = headers;
        best = picks->indices[i];
    }
    picks->indices[0] = best;
    picks->count = 1;
}

static void pick_chats(zip_t *archive, struct file_picks *picks)
{
    pick(archive, is_chat_text, picks);
    if (picks->count == 0)
        pick(archive, is_named_chat, picks);
    if (picks->count > 0)
        return;
    pick(archive, is_text, picks);
    if (picks->count > 1)
        keep_likeliest(archive, picks);
}

/* ---- by channel ---- */

static bool is_likely_chat(struct str base)
{
    return is_chat_text(base) || is_named_chat(base) || (is_text(base) && says_chat(base));
}

static const struct {
    const char *channel, *format; /* format NULL: any */
    wanted_fn *is_wanted;
    const char *what;
} wanted[] = {
    {"whatsapp", "export", is_likely_chat, "an exported chat (.txt)"},
    {"telegram", "export", is_result, "a result.json"},
    {"email", NULL, is_mail, "mail (.eml, .mbox)"},
    {NULL, NULL, is_anything, "a file"},
};

static size_t wanted_of(struct str channel, struct str format)
{
    size_t i = 0;
    while (wanted[i].channel != NULL &&
           !(str_is(channel, wanted[i].channel) &&
             (wanted[i].format == NULL || str_is(format, wanted[i].format))))
        i++;
    return i;
}

const char *file_pick_wanted(struct str channel, struct str format)
{
    return wanted[wanted_of(channel, format)].what;
}

bool file_pick_wants(struct str channel, struct str format, struct str name)
{
    return is_regular(name) && wanted[wanted_of(channel, format)].is_wanted(base_of(name));
}

void file_pick(zip_t *archive, struct str channel, struct str format, struct file_picks *picks_out)
{
    wanted_fn *is_wanted = wanted[wanted_of(channel, format)].is_wanted;
    *picks_out = (struct file_picks){.count = 0};
    picks_out->indices = xcalloc(count_of(archive) + 1, sizeof *picks_out->indices);
    if (is_wanted == is_likely_chat)
        pick_chats(archive, picks_out);
    else
        pick(archive, is_wanted, picks_out);
    if (picks_out->count == 0 && is_wanted == is_mail) /* mails by other names */
        pick(archive, is_anything, picks_out);
}
