#include "connectors/file_list.h"

#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"

/* ---- which files of a folder a channel may read ---- */

static const struct {
    const char *channel;
    const char *endings[10]; /* with or without .gz */
} readable[] = {
    {"whatsapp", {".txt", ".zip"}},
    {"telegram", {".json", ".jsonl", ".zip", ".tar", ".tgz"}},
    {"email", {".mbox", ".mbx", ".zip", ".tar", ".tgz"}},
    {"b2chat", {".json", ".jsonl", ".ndjson", ".csv"}},
    {"webchat", {".json", ".jsonl", ".ndjson"}},
    {"canonical", {".jsonl", ".ndjson", ".json"}},
};

static bool ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name);
    size_t m = strlen(ending);
    return n > m && strcasecmp(name + n - m, ending) == 0;
}

static bool ends_with_or_gz(const char *name, const char *ending)
{
    char with_gz[16];
    (void)snprintf(with_gz, sizeof with_gz, "%s.gz", ending);
    return ends_with(name, ending) || ends_with(name, with_gz);
}

static const char *const *endings_of(struct str channel)
{
    static const char *const none[] = {NULL};
    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++)
        if (str_is(channel, readable[i].channel))
            return readable[i].endings;
    return none;
}

static bool is_readable(struct str channel, const char *name)
{
    for (const char *const *ending = endings_of(channel); *ending != NULL; ending++)
        if (ends_with_or_gz(name, *ending))
            return true;
    return false;
}

/* ---- the list ---- */

struct folder { /* mails that lie together, while they are found */
    struct str path;
    struct buf names; /* const char *[] */
    int64_t bytes, changed_at;
};

struct listing {
    struct file_list list; /* first: file_list_free gets its address */
    struct str channel;
    struct arena *arena;
    struct buf items;     /* struct file_item[] */
    struct folder folder; /* path.p NULL: none */
    bool is_full;
};

static int64_t changed_at(const struct stat *about)
{
    return about->st_mtim.tv_sec * US_PER_SECOND + about->st_mtim.tv_nsec / 1000;
}

static void add_item(struct listing *listing, const struct file_item *item)
{
    listing->is_full |= item->path == NULL || !buf_add(&listing->items, item, sizeof *item);
}

static void add_file(struct listing *listing, const char *path, const struct stat *about,
                     bool is_found)
{
    const struct file_item item = {.path = arena_str(listing->arena, str_of(path)).p,
                                   .is_found = is_found,
                                   .bytes = about->st_size,
                                   .changed_at = changed_at(about)};
    add_item(listing, &item);
}

/* ---- mails that lie together ---- */

struct str file_mail_key(const char *mail)
{
    const char *slash = strrchr(mail, '/');
    const char *base = slash != NULL ? slash + 1 : mail;
    const char *flags = strstr(base, ":2,");
    return (struct str){base, flags != NULL ? (size_t)(flags - base) : strlen(base)};
}

static int by_key(const void *a, const void *b)
{
    struct str left = file_mail_key(*(const char *const *)a);
    struct str right = file_mail_key(*(const char *const *)b);
    int order = memcmp(left.p, right.p, left.n < right.n ? left.n : right.n);
    return order != 0 ? order : (left.n > right.n) - (left.n < right.n);
}

static void end_folder(struct listing *listing)
{
    struct folder *folder = &listing->folder;
    size_t bytes = folder->names.n;
    const char **mails = bytes > 0 ? arena_alloc(listing->arena, bytes) : NULL;
    if (mails != NULL) {
        memcpy(mails, folder->names.p, bytes);
        qsort(mails, bytes / sizeof *mails, sizeof *mails, by_key);
        const struct file_item item = {.path = folder->path.p,
                                       .is_found = true,
                                       .mails = mails,
                                       .mail_count = bytes / sizeof *mails,
                                       .bytes = folder->bytes,
                                       .changed_at = folder->changed_at};
        add_item(listing, &item);
    }
    listing->is_full |= bytes > 0 && mails == NULL;
    buf_done(&folder->names);
    folder->path = STR_NULL;
}

/* Mails of one folder come one after the other. */
static void add_mail(struct listing *listing, struct str path, const char *name,
                     const struct stat *about)
{
    struct folder *folder = &listing->folder;
    if (!str_equal(folder->path, path)) {
        end_folder(listing);
        *folder = (struct folder){.path = arena_str(listing->arena, path),
                                  .changed_at = changed_at(about)};
        buf_init(&folder->names, LIMIT_FILE_LIST_BYTES);
    }
    const char *kept = arena_str(listing->arena, str_of(name)).p;
    listing->is_full |= kept == NULL || !buf_add(&folder->names, &kept, sizeof kept);
    folder->bytes += about->st_size;
    if (changed_at(about) > folder->changed_at)
        folder->changed_at = changed_at(about);
}

/* "1700000000.M1P2.host:2,DS" */
static bool is_draft(const char *name)
{
    const char *flags = strstr(name, ":2,");
    return flags != NULL && strchr(flags + 3, 'D') != NULL;
}

static bool is_in(const FTSENT *entry, const char *folder)
{
    return entry->fts_level > 1 && strcmp(entry->fts_parent->fts_name, folder) == 0;
}

/* Of the cur and new of a Maildir every file is a mail; elsewhere its name says so. */
static bool take_mail(struct listing *listing, const FTSENT *entry)
{
    struct str parent = {entry->fts_path, entry->fts_pathlen - entry->fts_namelen - 1U};
    if (is_in(entry, "cur") || is_in(entry, "new")) {
        if (is_draft(entry->fts_name)) {
            listing->list.drafts++;
            return true;
        }
        struct str maildir = {parent.p, parent.n - sizeof "/cur" + 1};
        add_mail(listing, maildir, entry->fts_path + maildir.n + 1, entry->fts_statp);
        return true;
    }
    if (!ends_with_or_gz(entry->fts_name, ".eml"))
        return false;
    add_mail(listing, parent, entry->fts_name, entry->fts_statp);
    return true;
}

/* ---- folders ---- */

static void take_found(struct listing *listing, const FTSENT *entry)
{
    if (entry->fts_statp->st_size == 0 || entry->fts_name[0] == '.')
        return;
    if (str_is(listing->channel, "email") && take_mail(listing, entry))
        return;
    if (is_readable(listing->channel, entry->fts_name))
        add_file(listing, entry->fts_path, entry->fts_statp, true);
    else
        listing->list.left_out++;
}

/* Files before folders, so that the mails of a folder come together; cur before new. */
static int in_order(const FTSENT **a, const FTSENT **b)
{
    bool is_folder_a = (*a)->fts_info == FTS_D;
    bool is_folder_b = (*b)->fts_info == FTS_D;
    if (is_folder_a != is_folder_b)
        return is_folder_a - is_folder_b;
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_passed_over(const FTSENT *entry)
{
    return strcmp(entry->fts_name, "__MACOSX") == 0 ||
           (entry->fts_level > 0 && strcmp(entry->fts_name, "tmp") == 0);
}

static enum rc walk(struct listing *listing, const char *path, struct err *err)
{
    char *const roots[] = {(char *)(uintptr_t)path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, in_order);
    enum rc rc = tree != NULL ? RC_OK
                              : err_set(err, RC_REJECT, "cannot read the folder \"%s\": %s", path,
                                        strerror(errno));
    for (FTSENT *entry; rc == RC_OK && (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_info == FTS_D && is_passed_over(entry))
            (void)fts_set(tree, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_F)
            take_found(listing, entry);
        else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
                 entry->fts_info == FTS_NS)
            rc = err_set(err, RC_REJECT, "cannot read \"%s\": %s", entry->fts_path,
                         strerror(entry->fts_errno));
    }
    if (tree != NULL)
        (void)fts_close(tree);
    end_folder(listing);
    return rc;
}

static enum rc take_folder(struct listing *listing, const char *path, struct err *err)
{
    struct buf wanted;
    size_t before = listing->items.n;
    size_t drafts = listing->list.drafts;
    enum rc rc = walk(listing, path, err);
    if (rc != RC_OK || listing->items.n > before || listing->list.drafts > drafts)
        return rc;
    buf_init(&wanted, 1 * KIB);
    for (const char *const *ending = endings_of(listing->channel); *ending != NULL; ending++)
        (void)buf_printf(&wanted, " %s", *ending);
    rc = err_set(err, RC_REJECT,
                 "the folder \"%s\" holds nothing that channel %.*s reads: looked for%.*s%s", path,
                 STR_ARGS(listing->channel), STR_ARGS(buf_peek(&wanted)),
                 str_is(listing->channel, "email") ? " .eml, Maildirs" : "");
    buf_done(&wanted);
    return rc;
}

/* ---- paths as they were given ---- */

static enum rc take_path(struct listing *listing, const char *path, struct err *err)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return err_set(err, RC_REJECT, "cannot read \"%s\": %s", path, strerror(errno));
    if (S_ISDIR(about.st_mode))
        return take_folder(listing, path, err);
    if (!S_ISREG(about.st_mode))
        return err_set(err, RC_REJECT,
                       "\"%s\" is neither a file nor a folder: what is read must be there again "
                       "for --resume",
                       path);
    add_file(listing, path, &about, false);
    return RC_OK;
}

static enum rc take_pattern(struct listing *listing, const char *pattern, struct err *err)
{
    glob_t found = {0};
    enum rc rc = RC_OK;
    if (glob(pattern, GLOB_ERR, NULL, &found) != 0)
        rc = err_set(err, RC_REJECT, "no file is called \"%s\"", pattern);
    for (size_t i = 0; rc == RC_OK && i < found.gl_pathc; i++)
        rc = take_path(listing, found.gl_pathv[i], err);
    globfree(&found);
    return rc;
}

static bool is_pattern(const char *path)
{
    struct stat about;
    return strpbrk(path, "*?[") != NULL && stat(path, &about) != 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct file_item *)a)->path, ((const struct file_item *)b)->path);
}

/* A file that was named twice is read once. */
static size_t sort_items(struct file_item *items, size_t count)
{
    size_t kept = 0;
    if (count > 1)
        qsort(items, count, sizeof *items, by_path);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || items[i].mails != NULL || strcmp(items[kept - 1].path, items[i].path) != 0)
            items[kept++] = items[i];
    return kept;
}

enum rc file_list_new(const char *const *paths, size_t count, struct str channel,
                      struct file_list **list_out, struct err *err)
{
    struct listing *listing = xcalloc(1, sizeof *listing);
    enum rc rc = RC_OK;
    listing->channel = channel;
    listing->arena = arena_new("file list", LIMIT_FILE_LIST_BYTES);
    buf_init(&listing->items, LIMIT_FILE_LIST_BYTES);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = is_pattern(paths[i]) ? take_pattern(listing, paths[i], err)
                                  : take_path(listing, paths[i], err);
    if (rc == RC_OK && listing->is_full)
        rc = err_set(err, RC_REJECT, "there are too many files for one run: name fewer of them");
    struct file_item *items = (struct file_item *)(void *)listing->items.p;
    listing->list.count = sort_items(items, listing->items.n / sizeof *items);
    listing->list.items = items;
    *list_out = &listing->list;
    if (rc != RC_OK)
        file_list_free(list_out);
    return rc;
}

void file_list_free(struct file_list **list)
{
    if (list == NULL || *list == NULL)
        return;
    struct listing *listing = (struct listing *)*list;
    arena_free(&listing->arena);
    buf_done(&listing->items);
    free(listing);
    *list = NULL;
}
