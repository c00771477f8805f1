/* maps.h: messages of a company's own chat widget, posted as JSON.
 *
 *     {"messages":[{"id":"m-1","conversation":"visit-88","visitor":{"id":"v-5","name":"Ana"},
 *                   "text":"Hola","sent_at":"2026-03-01T12:00:00Z"}]}
 *
 * A message with "agent" was sent to the visitor, any other by the visitor. It is also the example
 * of docs/ADDING-A-CHANNEL.md.
 * Rejects: a body that is no JSON or has no messages; a message without id, conversation, visitor
 *          or time. */
#ifndef SLUICE_TRANSFORM_WEBCHAT_MAPS_H
#define SLUICE_TRANSFORM_WEBCHAT_MAPS_H

#include "transform/map.h"

/* NULL-terminated. */
extern const struct map_ops *const webchat_maps[];

#endif
