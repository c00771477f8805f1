/* limits.h: every maximum of the program in one place. Sizes in bytes unless the name says
 * otherwise. */
#ifndef SLUICE_LIB_LIMITS_H
#define SLUICE_LIB_LIMITS_H

#include <stddef.h>

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

#define LIMIT_LOG_LINE_BYTES (8 * KIB)

/* Bodies: Meta sends at most 3 MB (whatsapp.md 1.6); pipeline key receive.max_body may lower or
 * raise the default. A body goes on the bus whole, as one message beside its headers. Of one that
 * is refused more is read, so that a sender who only listens after sending sees the answer. */
#define LIMIT_BODY_DEFAULT_BYTES (4 * MIB)
#define LIMIT_BODY_MOST_BYTES (LIMIT_BUS_MESSAGE_BYTES - 1 * MIB)
#define LIMIT_BODY_DROPPED_BYTES (64 * MIB)

/* JSON read from outside. yajl's parser has no limits of its own. */
#define LIMIT_JSON_DEPTH 64
#define LIMIT_JSON_STRING_BYTES (1 * MIB)
#define LIMIT_JSON_DOCUMENT_BYTES (64 * MIB)

/* Mail as providers post it: Postmark's attachments, 35 MB of them, are 48 MB as base64 (email.md
 * 1.1). */
#define LIMIT_MAIL_BYTES (64 * MIB) /* raw */
#define LIMIT_MAIL_HEADER_VALUE_BYTES (1 * MIB)
#define LIMIT_MAIL_REPORT_BYTES (1 * MIB)
#define LIMIT_MAIL_DEPTH 64        /* parts within parts */
#define LIMIT_MAIL_PARTS 1000      /* in one mail */
#define LIMIT_MAIL_WORDS 10000     /* encoded ones in its header */
#define LIMIT_MAIL_OBJECTS 1000000 /* headers, parameters, addresses, parts: in memory at once */
#define LIMIT_MAIL_GROUPS 2000     /* of addresses, within each other */
#define LIMIT_MAIL_SEARCH_BYTES (100 * MIB) /* in lists of addresses, for one */
#define LIMIT_MAIL_TAGS 1000
#define LIMIT_MAIL_STRING_BYTES (48 * MIB)
#define LIMIT_MAIL_DOCUMENT_BYTES (64 * MIB)
#define LIMIT_MAIL_PAYLOAD_BYTES (128 * MIB) /* its texts, decoded ones too */
#define LIMIT_MAIL_FRAGMENT_BYTES (4 * MIB)  /* JSON within a field of a form */
/* One mail's texts: what is read of an HTML part, and what is kept of a text. */
#define LIMIT_MAIL_HTML_BYTES (2 * MIB)
#define LIMIT_MAIL_TEXT_BYTES (1 * MIB)
/* What a mail server says beside the mails, and the folders and keywords that are read of it. */
#define LIMIT_MAIL_TOKEN_BYTES (16 * KIB) /* OAuth */
#define LIMIT_IMAP_RESPONSE_BYTES (1 * MIB)
#define LIMIT_IMAP_FOLDERS 1000
#define LIMIT_IMAP_NAME_BYTES (1 * KIB)
#define LIMIT_FORM_PARTS 10000
#define LIMIT_FORM_HEADER_BYTES (16 * KIB) /* of one part; of an urlencoded field's name */

/* Calls of HTTP APIs: what is sent as one URL or form, and what is read of one reply. */
#define LIMIT_HTTP_URL_BYTES (16 * KIB)
#define LIMIT_HTTP_HEADER_BYTES (256 * KIB)
#define LIMIT_HTTP_REPLY_BYTES (64 * MIB)

/* What proves the sender within a body, and tokens remembered against replays: of each connector.
 */
#define LIMIT_AUTH_PROOF_BYTES (4 * MIB)
#define LIMIT_AUTH_SEEN 100000

/* What a message of Amazon SNS points at. SNS carries up to 256 KiB, which is more as JSON within
 * JSON; a certificate with its chain is some KiB. */
#define LIMIT_SNS_BODY_BYTES (1 * MIB)
#define LIMIT_SNS_DOCUMENT_BYTES (64 * KIB)

/* Memory of one scope: a webhook body, a poll page, one element of a file. */
#define LIMIT_SCOPE_ARENA_BYTES (64 * MIB)

/* Exported chat files: what is read ahead before the order of its dates is decided, one message
 * with its header, and what is known of the people of one chat. */
#define LIMIT_CHAT_AHEAD_BYTES (4 * MIB)
#define LIMIT_CHAT_MESSAGE_BYTES (1 * MIB)
#define LIMIT_CHAT_SENDERS 10000
#define LIMIT_CHAT_ARENA_BYTES (32 * MIB)

/* Compressed files: how much more comes out than went in, judged once so much came out, and how
 * much at most of one entry. */
#define LIMIT_EXPANSION_RATIO 300
#define LIMIT_EXPANSION_FREE_BYTES (64 * MIB)
#define LIMIT_EXPANDED_BYTES (64 * 1024 * MIB)

/* Names of the files of one backfill. */
#define LIMIT_FILE_LIST_BYTES (128 * MIB)

/* One canonical record as JSON; also the largest message put on the bus. */
#define LIMIT_RECORD_BYTES (4 * MIB)
#define LIMIT_BUS_MESSAGE_BYTES (8 * MIB)

/* What a producer holds unconfirmed before it answers RC_AGAIN. */
#define LIMIT_BUS_QUEUE_MESSAGES 100000
#define LIMIT_BUS_QUEUE_BYTES (64 * MIB)

/* One loader batch. */
#define LIMIT_BATCH_RECORDS 10000
#define LIMIT_BATCH_BYTES (16 * MIB)
#define LIMIT_BATCH_ARENA_BYTES (256 * MIB)

/* Pipeline file. */
#define LIMIT_PIPELINE_FILE_BYTES (1 * MIB)
#define LIMIT_TLS_FILE_BYTES (1 * MIB) /* certificates of one PEM file */
#define LIMIT_TLS_NAME_BYTES 256       /* of a certificate; longer ones are not compared */
#define LIMIT_SECRET_FILE_BYTES (64 * KIB)
#define LIMIT_PIPELINE_DEPTH 16   /* sections within sections */
#define LIMIT_PIPELINE_KEYS 1000  /* in one section */
#define LIMIT_PIPELINE_FAULTS 100 /* reported of one file */
#define LIMIT_PIPELINE_ARENA_BYTES (64 * MIB)

#endif
