/* map.h: what a channel's map offers to the normalizer, and what it gets from it.
 *
 * A map reads one shape of bytes: a provider's format. The maps of a channel stand in its array,
 * the channels in channels.c; docs/ADDING-A-CHANNEL.md adds one step by step.
 *
 * Owns:    struct map_out belongs to the normalizer; a map borrows it from open to close.
 * Errors:  bad input goes to map_out_reject, one call per bad element; a result other than RC_OK
 *          is the sink's, and ends the document.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_MAP_H
#define SLUICE_TRANSFORM_MAP_H

#include "transform/jpath.h"
#include "transform/normalizer.h"

struct map_out {
    const struct normalizer_conf *conf;
    struct normalizer_sink sink;
    struct normalizer_counts counts;
    struct str provider; /* channels.provider */
    struct arena *arena; /* reset when a document begins */
    struct document document;
    int64_t base_offset; /* JSON Lines: where the line begins that the map reads as its document */
};

struct map; /* each channel's own */

struct map_ops {
    const char *provider;         /* the word of --provider */
    const char *format;           /* the word of --format */
    const char *account_provider; /* channels.provider of its accounts */
    const char *reads;            /* for people: "webhook bodies of the Cloud API" */
    enum source_kind source;      /* how such bytes come, where the caller does not know */
    bool is_lines; /* JSON Lines: the map is given each line as a document of its own */
    struct map *(*open)(struct map_out *out);
    void (*begin)(struct map *map);
    enum rc (*feed)(struct map *map, const char *bytes, size_t n, struct err *err);
    enum rc (*end)(struct map *map, struct err *err);
    void (*close)(struct map *map);
};

/* A record with its common members set. */
void map_out_begin(const struct map_out *out, enum record_kind kind, const struct uuid *channel_id,
                   struct record *record_out);
enum rc map_out_record(struct map_out *out, const struct record *record, struct err *err) MUST_USE;
enum rc map_out_reject(struct map_out *out, const struct reject *reject, struct err *err) MUST_USE;
/* What jpath could not read, as a reject. */
enum rc map_out_fault(struct map_out *out, const struct jpath_fault *fault,
                      struct err *err) MUST_USE;
/* The account of a payload; one that names none (STR_NULL) gets the connector's own where it was
 * pulled or read from a file, or any account is accepted. false: not an account of this tenant. */
bool map_out_account(const struct map_out *out, struct str account,
                     struct channel_account *account_out);
/* The account of traffic that never names one: the first configured, which is the connector's own.
 * false: none is configured. */
bool map_out_own_account(const struct map_out *out, struct channel_account *account_out);

#endif
