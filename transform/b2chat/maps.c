#include "transform/b2chat/maps.h"

const struct map_ops *const b2chat_maps[] = {&b2chat_export_map, &b2chat_webhook_map,
                                             &b2chat_csv_map, NULL};
