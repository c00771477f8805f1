/* ids.h: the deterministic ids of canonical-model 2.1 (UUIDv5 in sluice's namespace).
 *
 * Vectors: tests/unit/transform/ids_test.c holds those of the reference.
 * Owns:    for each thread, the hash states that names begin with.
 * Threads: safe. */
#ifndef SLUICE_TRANSFORM_IDS_H
#define SLUICE_TRANSFORM_IDS_H

#include <stdint.h>

#include "lib/str.h"
#include "lib/uuid.h"

struct uuid ids_tenant(struct str slug);
struct uuid ids_channel(const struct uuid *tenant_id, struct str provider,
                        struct str external_account_id);

/* kind: a literal: "contact", "agent", "department", "conversation", "message", "csat",
 * "escalation", "event". */
struct uuid ids_entity(const char *kind, const struct uuid *tenant_id,
                       const struct uuid *channel_id, struct str external_id);

struct uuid ids_identity(const struct uuid *tenant_id, const struct uuid *channel_id,
                         struct str contact_external_id, struct str kind, struct str value);
struct uuid ids_attachment(const struct uuid *tenant_id, const struct uuid *channel_id,
                           struct str message_external_id, int64_t ordinal);
/* recipient: empty for none. The record's external_id of a status is
 * "<message>␟<status>␟<recipient>␟<ms>". */
struct uuid ids_status(const struct uuid *tenant_id, const struct uuid *channel_id,
                       struct str message_external_id, struct str status, struct str recipient,
                       int64_t occurred_at_us);

#endif
