#include "transform/telegram/maps.h"

const struct map_ops *const telegram_maps[] = {&telegram_webhook_map, &telegram_poll_map,
                                               &telegram_sent_map, &telegram_export_map, NULL};
