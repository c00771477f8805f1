/* backfill_read.h: one file, archive or folder of mails into a publisher. Private to backfill.c.
 *
 * Each document is looked at before it is read: what belongs to another channel, or to none, is
 * refused by name with what to do about it, and nothing of it is published.
 * Errors:  RC_OK although parts may be missing: each was told by "fault", and is counted.
 *          RC_REJECT: the file cannot be read at all. Others are the publisher's.
 * Threads: one owner for each call; conf's functions are called on its thread. */
#ifndef SLUICE_CONNECTORS_BACKFILL_READ_H
#define SLUICE_CONNECTORS_BACKFILL_READ_H

#include "connectors/file_list.h"
#include "connectors/publish.h"

struct backfill_read_conf {
    const struct connector *connector;
    struct str format;   /* STR_NULL: found out */
    int64_t observed_at; /* the same whenever an item is read again */
    /* How far it is: bytes on disk. */
    void (*moved)(void *context, int64_t read_bytes);
    /* Something that is missing from what was read; place and message are for people. */
    void (*fault)(void *context, struct str place, const char *message);
    void *context;
};

struct backfill_read {
    size_t faults;
    size_t left_out; /* documents found in a folder that are something else */
};

enum rc backfill_read(const struct file_item *item, const struct backfill_read_conf *conf,
                      struct publisher *publisher, struct backfill_read *read_out,
                      struct err *err) MUST_USE;

/* The format that archives are searched for. */
const char *backfill_read_format(const char *channel);

#endif
