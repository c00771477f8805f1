/* connector.h: a connector of the pipeline file, as every way in of its traffic sees it: whose it
 * is, and which account of which platform.
 *
 * Owns:    nothing; texts are borrowed from the configuration.
 * Threads: constant. */
#ifndef SLUICE_CONNECTORS_CONNECTOR_H
#define SLUICE_CONNECTORS_CONNECTOR_H

#include "connectors/envelope.h"
#include "transform/normalizer.h"

struct connector {
    const char *tenant; /* slug */
    struct uuid tenant_id;
    const char *name;
    const char *channel;  /* whatsapp, ... */
    const char *provider; /* channels.provider of its account */
    const char *account;
    struct uuid channel_id;
    const char *map_provider; /* whose shape its bytes have; NULL = the channel's first */
    struct channel_settings settings;
};

/* By its name, or as TENANT/NAME. */
bool connector_is_named(const struct connector *connector, const char *word);

/* Whether documents of this connector say themselves which of the tenant's channels they belong
 * to: canonical records. */
bool connector_takes_any_account(const struct connector *connector);

/* The accounts that documents of this connector may carry: its own first, then all others of its
 * tenant on this channel. A platform's app has one callback address for all its numbers
 * (reference/whatsapp.md 1.1). all: every connector of the pipeline. The caller frees
 * *accounts_out; it borrows from the connectors. */
size_t connector_accounts(const struct connector *connector, const struct connector *all,
                          size_t count, struct channel_account **accounts_out);

void connector_envelope(const struct connector *connector, struct envelope *envelope_out);

#endif
