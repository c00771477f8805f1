/* telegram_pull.h: long polling of a bot's updates.
 *
 * An answer's updates are published; when the bus has them all, the offset behind the last one is
 * stored; the next call confirms them by it. So an update is forgotten by Telegram only when it is
 * durable here, and one that was published and not yet confirmed comes again, which is harmless.
 * State:   cursor {"offset": N}; entity "messages".
 * Runs:    one row for about ten minutes in which something came; none while nothing comes.
 * Lost:    what nobody fetches for 24 hours; types that Telegram was not asked for when they
 *          happened. There is no history to fetch.
 * Source:  reference/telegram.md 3.
 * Threads: as pull.h. */
#ifndef SLUICE_CONNECTORS_TELEGRAM_PULL_H
#define SLUICE_CONNECTORS_TELEGRAM_PULL_H

#include "connectors/pull.h"

extern const struct pull_kind telegram_pull;

#endif
