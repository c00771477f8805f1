/* normalizer.h: raw bytes of one channel to canonical records.
 *
 * One document (webhook body, poll page, file) is normalizer_begin, normalizer_feed any number of
 * times with pieces cut anywhere, normalizer_end. Records come out through the sink as soon as the
 * element that owns them is complete; the result never depends on how the bytes were cut.
 *
 * Owns:    its parser and arena. A record or reject is valid during the sink's call.
 * Errors:  bad input is not an error of these functions: it is one call of sink.reject per bad
 * element (the whole document where it cannot be parsed), and the rest of the document goes on.
 * What was emitted before stays emitted. A result other than RC_OK comes from the sink, unchanged,
 * or is RC_FATAL. Threads: one owner; several normalizers may share one conf. Source:
 * reference/<channel>.md for reading, canonical-model for meaning. */
#ifndef SLUICE_TRANSFORM_NORMALIZER_H
#define SLUICE_TRANSFORM_NORMALIZER_H

#include "transform/record.h"

/* What the operator says about an account; every member may be empty. */
struct channel_settings {
    /* sender_type of messages known only from statuses: agent (default) or bot */
    struct str api_sender;
    struct str timezone;   /* IANA, of times that carry none; STR_NULL: such times are refused */
    struct str date_order; /* of exported chat files: dmy, mdy, ymd; STR_NULL: found out */
    /* Who writes for the business: mail addresses or "@domain", Telegram user ids, the names in an
     * exported chat. */
    const struct str *own;
    size_t own_count;
    bool thread_per_contact;             /* email: one root answered by many is many threads */
    const struct str *reused_id_domains; /* email: sender domains that use a Message-ID twice */
    size_t reused_id_domain_count;
};

/* A provider account of the tenant: one row of "channels". */
struct channel_account {
    struct str account;  /* external_account_id */
    struct str provider; /* channels.provider */
    struct uuid channel_id;
    const struct channel_settings *settings; /* NULL: none; see channel_settings_of */
};

/* Never NULL. */
const struct channel_settings *channel_settings_of(const struct channel_account *account);

struct normalizer_conf { /* borrowed for the life of the normalizer */
    struct str channel;  /* a word of channels.h */
    struct str provider; /* whose shape the bytes have; NULL = the channel's first */
    struct str format;   /* NULL = the provider's first */
    struct str tenant;   /* slug */
    struct uuid tenant_id;
    /* The accounts whose traffic is accepted; the first is the connector's own. any_account: accept
     * every account that the payload names, and derive its channel id; accounts then only give
     * settings. */
    const struct channel_account *accounts;
    size_t account_count;
    bool any_account;
};

/* What is known of a document beside its bytes. */
struct document {
    int64_t observed_at; /* receipt */
    enum source_kind source;
    int64_t as_of;            /* files: when they were exported; TIME_NONE = observed_at */
    int64_t received_at;      /* mail: when the mailbox got it; TIME_NONE = not known */
    struct str name;          /* files: base name, e.g. "WhatsApp Chat with Ana.txt" */
    bool is_sent_folder;      /* mail: found among the sent ones */
    const struct str *labels; /* mail: keywords and labels of the mailbox */
    size_t label_count;
    bool is_lines; /* JSON Lines: every line is a document of its own, and so is what cannot be read
                    */
};

static inline struct document document_at(int64_t observed_at, enum source_kind source)
{
    return (struct document){
        .observed_at = observed_at, .source = source, .as_of = TIME_NONE, .received_at = TIME_NONE};
}

enum reject_code { /* stable words for dead letters: reject_code_name */
                   REJECT_JSON_SYNTAX,
                   REJECT_TOO_DEEP,
                   REJECT_TOO_LARGE,
                   REJECT_NOT_THIS_CHANNEL, /* the document belongs to another product */
                   REJECT_UNKNOWN_ACCOUNT,  /* an account that is not configured for this tenant */
                   REJECT_MISSING_MEMBER,
                   REJECT_BAD_VALUE
};

struct reject {
    enum reject_code code;
    struct str path;   /* "entry[0].changes[1].value.messages[3].timestamp" */
    int64_t offset;    /* byte offset in the document where it was noticed */
    struct str detail; /* for people: what was expected, what was found, without message content */
};

struct normalizer_sink {
    enum rc (*record)(void *context, const struct record *record, struct err *err);
    enum rc (*reject)(void *context, const struct reject *reject, struct err *err);
    void *context;
};

struct normalizer_counts { /* since normalizer_new */
    uint64_t records;
    uint64_t rejects;
    uint64_t ignored;       /* known fields that carry no traffic, and unknown ones */
    uint64_t text_replaced; /* NULs and lone surrogates turned into U+FFFD */
};

struct normalizer;

/* RC_FATAL: no such channel, provider or format, or settings that lack what it needs; the message
 * says what there is. */
enum rc normalizer_new(const struct normalizer_conf *conf, const struct normalizer_sink *sink,
                       struct normalizer **normalizer_out, struct err *err) MUST_USE;
void normalizer_free(struct normalizer **normalizer);

/* The document's texts are borrowed until normalizer_end. */
void normalizer_begin(struct normalizer *normalizer, const struct document *document);
enum rc normalizer_feed(struct normalizer *normalizer, const char *bytes, size_t n,
                        struct err *err) MUST_USE;
enum rc normalizer_end(struct normalizer *normalizer, struct err *err) MUST_USE;

void normalizer_counts(const struct normalizer *normalizer, struct normalizer_counts *counts_out);
const char *reject_code_name(enum reject_code code);

#endif
