#include "transform/whatsapp/maps.h"

const struct map_ops *const whatsapp_maps[] = {&whatsapp_webhook_map, &whatsapp_sent_map,
                                               &whatsapp_export_map, NULL};
