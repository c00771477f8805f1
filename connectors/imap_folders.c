#include "connectors/imap_folders.h"

#include "connectors/imap_name.h"
#include "lib/limits.h"

#define ARENA_BYTES (8 * MIB)

static enum rc keep_folder(void *context, const struct imap_folder *folder, struct err *err)
{
    struct imap_folders *folders = context;
    if (folders->all_count == LIMIT_IMAP_FOLDERS)
        return err_set(err, RC_REJECT, "the mailbox has more than %d folders", LIMIT_IMAP_FOLDERS);
    struct imap_folder *kept = &folders->all[folders->all_count++];
    *kept = *folder;
    kept->name = arena_str(folders->arena, folder->name);
    return str_is_null(kept->name) ? err_set(err, RC_REJECT, "the folders' names are too long")
                                   : RC_OK;
}

static bool is_sent(const struct imap_folder *folder)
{
    return folder->role == IMAP_ROLE_SENT ||
           (folder->role == IMAP_ROLE_NONE && imap_name_is_sent(folder->name, folder->separator));
}

static void choose(struct imap_folders *folders, const struct imap_folder *folder)
{
    for (size_t i = 0; i < folders->count; i++)
        if (str_equal(folders->chosen[i].name, folder->name))
            return;
    folders->chosen[folders->count++] = (struct imap_choice){
        .name = folder->name,
        .shown = imap_name_decode(folders->arena, folder->name),
        .is_sent = is_sent(folder),
    };
}

/* ---- without a list ---- */

typedef bool folder_test(const struct imap_folder *folder);

static bool has_all(const struct imap_folder *folder)
{
    return folder->role == IMAP_ROLE_ALL;
}

static bool is_inbox(const struct imap_folder *folder)
{
    return imap_name_matches(STR_LIT("INBOX"), folder->name);
}

static bool is_marked_sent(const struct imap_folder *folder)
{
    return folder->role == IMAP_ROLE_SENT;
}

static size_t choose_where(struct imap_folders *folders, folder_test *test)
{
    size_t before = folders->count;
    for (size_t i = 0; i < folders->all_count; i++)
        if (folders->all[i].can_be_read && test(&folders->all[i]))
            choose(folders, &folders->all[i]);
    return folders->count - before;
}

static void choose_usual(struct imap_folders *folders, bool is_gmail)
{
    if (is_gmail && choose_where(folders, has_all) > 0)
        return;
    (void)choose_where(folders, is_inbox);
    if (choose_where(folders, is_marked_sent) == 0)
        (void)choose_where(folders, is_sent);
}

/* ---- by patterns ---- */

static bool is_meant(struct str pattern, const struct imap_folder *folder)
{
    bool is_wide = pattern.n > 0 && memchr(pattern.p, '*', pattern.n) != NULL;
    bool repeats = folder->role == IMAP_ROLE_ALL || folder->role == IMAP_ROLE_LEFT_OUT;
    return folder->can_be_read && !(is_wide && repeats) && imap_name_matches(pattern, folder->name);
}

static void choose_pattern(struct imap_folders *folders, const char *utf8)
{
    struct str pattern = imap_name_encode(folders->arena, str_of(utf8));
    bool means_any = false;
    for (size_t i = 0; i < folders->all_count && !str_is_null(pattern); i++)
        if (is_meant(pattern, &folders->all[i])) {
            choose(folders, &folders->all[i]);
            means_any = true;
        }
    if (!means_any)
        folders->missing = str_of(utf8);
}

enum rc imap_folders_choose(struct imap_session *session, const char *const *patterns,
                            size_t pattern_count, struct imap_folders *folders_out, struct err *err)
{
    *folders_out = (struct imap_folders){.arena = arena_new("imap folders", ARENA_BYTES)};
    folders_out->all =
        arena_alloc(folders_out->arena, LIMIT_IMAP_FOLDERS * sizeof *folders_out->all);
    folders_out->chosen =
        arena_alloc(folders_out->arena, LIMIT_IMAP_FOLDERS * sizeof *folders_out->chosen);
    enum rc rc = imap_session_folders(session, keep_folder, folders_out, err);
    if (rc == RC_OK && pattern_count == 0)
        choose_usual(folders_out, imap_session_is_gmail(session));
    for (size_t i = 0; rc == RC_OK && i < pattern_count; i++)
        choose_pattern(folders_out, patterns[i]);
    if (rc == RC_OK && folders_out->count == 0)
        rc = err_set(err, RC_REJECT, "the mailbox has no folder \"%.*s\"",
                     STR_ARGS(pattern_count > 0 ? folders_out->missing : STR_LIT("INBOX")));
    return rc;
}

void imap_folders_done(struct imap_folders *folders)
{
    arena_free(&folders->arena);
}
