/* maps.h: the shapes of bytes that email comes in. */
#ifndef SLUICE_TRANSFORM_EMAIL_MAPS_H
#define SLUICE_TRANSFORM_EMAIL_MAPS_H

#include "transform/email/providers.h"

/* NULL-terminated. */
extern const struct map_ops *const email_maps[];

#endif
