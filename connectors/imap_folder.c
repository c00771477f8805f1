#include "connectors/imap_folder.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/limits.h"
#include "lib/stop.h"

/* UIDs asked for at a time: more where mails are rare, since UIDs have holes. */
#define WINDOW_LEAST 1000
#define WINDOW_MOST (1 << 20)
#define SET_BYTES 8000 /* of a command */
#define ORIGIN_BYTES ((int)LIMIT_IMAP_NAME_BYTES + 64)
#define NEAR 1000 /* UIDs before and behind a mail that the server cannot give */

struct walk {
    const struct imap_folder_work *work;
    struct imap_cursor *cursor;
    struct imap_folder_result *result;
    uint32_t top; /* no mail of this run has a higher UID */
};

/* Mails that are asked for at once, ascending. */
struct group {
    struct walk *walk;
    const struct imap_mail *mails;
    size_t n;
    bool *has_come;
    enum rc given; /* how giving them on went */
};

/* ---- places ---- */

static struct mail_place place_of(const struct walk *walk, uint32_t uid,
                                  char origin[static ORIGIN_BYTES])
{
    const struct imap_choice *folder = walk->work->folder;
    int n = snprintf(origin, ORIGIN_BYTES, "imap/%.*s/%u/%u", STR_ARGS(folder->shown),
                     walk->cursor->uid_validity, uid);
    return (struct mail_place){
        .origin = {origin, (size_t)(n < ORIGIN_BYTES ? n : ORIGIN_BYTES - 1)},
        .received_at = TIME_NONE,
        .is_sent_folder = folder->is_sent,
    };
}

static enum rc save(const struct walk *walk, struct err *err)
{
    const struct imap_folder_work *work = walk->work;
    return work->save(work->context, work->folder, walk->cursor, err);
}

/* All up to this UID are durable. */
static enum rc move_to(struct walk *walk, uint32_t uid, struct err *err)
{
    struct imap_cursor before = *walk->cursor;
    walk->cursor->last_uid = uid;
    if (walk->cursor->failed_uid <= uid)
        walk->cursor->failed_uid = walk->cursor->failures = 0;
    enum rc rc = save(walk, err);
    if (rc != RC_OK)
        *walk->cursor = before;
    return rc;
}

/* ---- a group ---- */

static size_t find(const struct group *group, uint32_t uid)
{
    size_t low = 0, high = group->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (group->mails[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum rc on_mail(void *context, const struct imap_fetched *fetched, uint64_t mail_bytes,
                       struct err *err)
{
    struct group *group = context;
    char origin[ORIGIN_BYTES];
    uint32_t uid = (uint32_t)fetched->uid;
    size_t at = find(group, uid);
    (void)
        mail_bytes; /* more than there is: the map refuses the mail by the byte that is too much */
    if (at == group->n || group->mails[at].uid != uid || group->has_come[at] ||
        fetched->mail.n == 0) /* nothing is what servers give of a mail that is no more */
        return RC_OK;
    struct mail_place place = place_of(group->walk, uid, origin);
    place.received_at = fetched->received_at;
    place.labels = fetched->labels;
    place.label_count = fetched->label_count;
    group->given = mail_flow_give(group->walk->work->flow, &place, fetched->mail, err);
    group->has_come[at] = group->given == RC_OK;
    return group->given;
}

/* "1:4,7" of those from "from" on, as many as a command holds. */
static size_t write_set(const struct imap_mail *mails, size_t n, struct buf *set)
{
    size_t i = 0;
    while (i < n && set->n < SET_BYTES) {
        size_t last = i;
        while (last + 1 < n && mails[last + 1].uid == mails[last].uid + 1)
            last++;
        (void)buf_printf(set, set->n > 0 ? ",%u" : "%u", mails[i].uid);
        if (last > i)
            (void)buf_printf(set, ":%u", mails[last].uid);
        i = last + 1;
    }
    return i;
}

/* How many of the mails are asked for at once. One that failed before goes alone. */
static size_t group_size(const struct walk *walk, const struct imap_mail *mails, size_t n)
{
    uint64_t bytes = 0;
    size_t count = 0;
    while (count < n && count < MAIL_GROUP_MAILS) {
        bool is_suspect = mails[count].uid == walk->cursor->failed_uid;
        if (count > 0 && (bytes + mails[count].bytes > MAIL_GROUP_BYTES || is_suspect))
            break;
        bytes += mails[count++].bytes;
        if (is_suspect)
            break;
    }
    return count;
}

/* Whether the server still has the mail. */
static enum rc is_there(struct walk *walk, uint32_t uid, bool *is_there_out, struct err *err)
{
    static const struct imap_span always = {NULL, NULL};
    struct imap_mails found = {NULL, 0, 0};
    enum rc rc = imap_session_mails(walk->work->session, uid, uid, &always, &found, err);
    *is_there_out = found.n > 0;
    free(found.v);
    return rc;
}

/* The first mail of the group that did not come although it is there; group->n: none. */
static enum rc find_missing(struct group *group, size_t *at_out, struct err *err)
{
    enum rc rc = RC_OK;
    size_t at = 0;
    for (bool is_missing = false; at < group->n; at++) {
        if (!group->has_come[at])
            rc = is_there(group->walk, group->mails[at].uid, &is_missing, err);
        if (rc != RC_OK || (!group->has_come[at] && is_missing))
            break;
        group->walk->result->gone += !group->has_come[at];
    }
    *at_out = at;
    return rc;
}

static size_t first_missing(const struct group *group)
{
    size_t at = 0;
    while (at < group->n && group->has_come[at])
        at++;
    return at;
}

/* ---- a mail that the server cannot give ---- */

static enum rc ignore_mail(void *context, const struct imap_fetched *fetched, uint64_t mail_bytes,
                           struct err *err)
{
    bool *has_come = context;
    (void)mail_bytes, (void)err;
    *has_come |= fetched->mail.n > 0;
    return RC_OK;
}

/* The mails beside it; another one of them each time, since several may be ill. */
static enum rc find_other(struct walk *walk, uint32_t uid, uint32_t *other_out, struct err *err)
{
    static const struct imap_span always = {NULL, NULL};
    struct imap_mails near = {NULL, 0, 0};
    uint32_t first = uid > NEAR ? uid - NEAR : 1;
    uint32_t last = walk->top - uid > NEAR ? uid + NEAR : walk->top;
    enum rc rc = imap_session_mails(walk->work->session, first, last, &always, &near, err);
    size_t others = near.n > 0 ? near.n - 1 : 0;
    *other_out = 0;
    if (rc == RC_OK && others > 0) {
        size_t at = walk->cursor->failures % others;
        *other_out = near.v[at].uid != uid ? near.v[at].uid : near.v[others].uid;
    }
    free(near.v);
    return rc;
}

/* Another mail of the folder can be had: it is not the server that is ill. */
static enum rc is_server_well(struct walk *walk, uint32_t uid, bool *is_well_out, struct err *err)
{
    char set[16];
    uint32_t other = 0;
    *is_well_out = false;
    enum rc rc = find_other(walk, uid, &other, err);
    if (rc != RC_OK || other == 0)
        return rc;
    (void)snprintf(set, sizeof set, "%u", other);
    return imap_session_fetch(walk->work->session, str_of(set), ignore_mail, is_well_out, err);
}

/* Notes the failure of a mail. If that cannot be stored, the next run counts from the same. */
static void note_failure(struct walk *walk, uint32_t uid)
{
    struct err ignored;
    struct imap_cursor *cursor = walk->cursor;
    cursor->failures = cursor->failed_uid == uid ? cursor->failures + 1 : 1;
    cursor->failed_uid = uid;
    ignored.rc = save(walk, &ignored);
}

static enum rc give_up(struct walk *walk, uint32_t uid, struct err *err)
{
    char origin[ORIGIN_BYTES];
    bool is_well = false;
    enum rc rc = is_server_well(walk, uid, &is_well, err);
    if (rc == RC_OK && !is_well)
        rc = err_set(err, RC_RETRY,
                     "the mail server cannot give mail UID %u of folder \"%.*s\", nor another one "
                     "beside it",
                     uid, STR_ARGS(walk->work->folder->shown));
    if (rc != RC_OK) {
        if (rc != RC_AGAIN)
            note_failure(walk, uid);
        return rc == RC_REJECT ? RC_RETRY : rc;
    }
    struct mail_place place = place_of(walk, uid, origin);
    rc = mail_flow_refuse(walk->work->flow, &place,
                          "the mail server breaks off or gives nothing when asked for this mail",
                          err);
    if (rc == RC_OK)
        rc = mail_flow_wait(walk->work->flow, err);
    return rc == RC_OK ? move_to(walk, uid, err) : rc;
}

/* ---- groups ---- */

/* What came without a gap is durable and stored, whatever ended the group. */
static enum rc store_prefix(struct group *group, size_t n, struct err *err)
{
    enum rc rc = mail_flow_wait(group->walk->work->flow, err);
    if (rc == RC_OK && n > 0)
        rc = move_to(group->walk, group->mails[n - 1].uid, err);
    return rc;
}

static enum rc fetch_group(struct group *group, struct str set, struct err *err)
{
    struct err later = {.msg = ""};
    size_t missing = 0;
    enum rc rc = imap_session_fetch(group->walk->work->session, set, on_mail, group, err);
    if (group->given != RC_OK)
        return group->given; /* the bus; nothing is known of what went before */
    enum rc stored;
    if (rc == RC_OK) {
        rc = find_missing(group, &missing, err);
        if (rc == RC_OK && missing < group->n)
            rc = err_set(err, RC_RETRY, "the mail server gives nothing of a mail that it lists");
        stored = store_prefix(group, missing, rc == RC_OK ? err : &later);
    } else {
        missing = first_missing(group);
        stored = store_prefix(group, missing, &later);
    }
    if (stored != RC_OK) {
        if (rc != RC_OK && err != NULL)
            *err = later;
        return stored;
    }
    if (rc != RC_OK && rc != RC_AGAIN && missing < group->n)
        note_failure(group->walk, group->mails[missing].uid);
    return rc == RC_REJECT ? RC_RETRY : rc;
}

static enum rc pull_group(struct walk *walk, const struct imap_mail *mails, size_t n,
                          size_t *taken_out, struct err *err)
{
    struct group group = {.walk = walk, .mails = mails, .n = n};
    *taken_out = 1;
    if (mails[0].uid == walk->cursor->failed_uid && walk->cursor->failures >= MAIL_TRIES)
        return give_up(walk, mails[0].uid, err);
    struct buf set;
    buf_init(&set, SET_BYTES + 64);
    group.n = write_set(mails, group_size(walk, mails, n), &set);
    group.has_come = xcalloc(group.n, sizeof *group.has_come);
    *taken_out = group.n;
    enum rc rc = fetch_group(&group, buf_peek(&set), err);
    free(group.has_come);
    buf_done(&set);
    return rc;
}

/* ---- the folder ---- */

/* All mails with UIDs from first to last. */
static enum rc pull_window(struct walk *walk, uint32_t first, uint32_t last,
                           struct imap_mails *mails, struct err *err)
{
    const struct imap_folder_work *work = walk->work;
    enum rc rc = imap_session_mails(work->session, first, last, &work->span, mails, err);
    size_t at = 0, taken;
    while (rc == RC_OK && at < mails->n) {
        rc = stop_requested() ? RC_AGAIN
                              : pull_group(walk, mails->v + at, mails->n - at, &taken, err);
        at += rc == RC_OK ? taken : 0;
    }
    return rc;
}

static uint32_t next_window(uint32_t window, size_t found)
{
    if (found > WINDOW_LEAST)
        return WINDOW_LEAST;
    return found == 0 && window < WINDOW_MOST ? window * 4 : window;
}

static enum rc pull_all(struct walk *walk, struct err *err)
{
    struct imap_mails mails = {NULL, 0, 0};
    uint32_t window = WINDOW_LEAST, first = walk->cursor->last_uid;
    enum rc rc = RC_OK;
    while (rc == RC_OK && first < walk->top) {
        uint32_t last = walk->top - first > window ? first + window : walk->top;
        rc = pull_window(walk, first + 1, last, &mails, err);
        window = next_window(window, mails.n);
        first = last;
    }
    free(mails.v);
    if (rc == RC_OK && walk->cursor->last_uid < walk->top)
        rc = move_to(walk, walk->top, err);
    return rc;
}

/* A folder that has fewer UIDs than were read was put back from a backup: some of them may be new
 * mails' already. */
static void step_back(struct walk *walk)
{
    if (walk->cursor->last_uid <= walk->top)
        return;
    walk->cursor->last_uid = walk->top > NEAR ? walk->top - NEAR : 0;
    walk->result->went_back = true;
}

enum rc imap_folder_pull(const struct imap_folder_work *work, struct imap_cursor *cursor,
                         struct imap_folder_result *result_out, struct err *err)
{
    struct imap_box box;
    struct walk walk = {.work = work, .cursor = cursor, .result = result_out};
    *result_out = (struct imap_folder_result){.gone = 0};
    enum rc rc = imap_session_examine(work->session, work->folder->name, &box, err);
    if (rc != RC_OK)
        return rc;
    if (box.uid_validity != cursor->uid_validity) {
        result_out->was_reset = cursor->uid_validity != 0;
        *cursor = (struct imap_cursor){.uid_validity = (uint32_t)box.uid_validity};
    }
    walk.top = (uint32_t)(box.uid_next - 1);
    step_back(&walk);
    return pull_all(&walk, err);
}
