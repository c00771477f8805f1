-- $1 tenant, $2 channel, $3 run, $4 source kind, $5 endpoint, $6 parameters, $7 HTTP status, $8 headers, $9 body compressed with
-- zlib, $10 its SHA-256 before, $11 its size before, $12 records, $13 fetched at
INSERT INTO etl.raw_responses (tenant_id, channel_id, sync_run_id, source_kind, endpoint, request_params, http_status, headers,
                               body, body_encoding, body_sha256, response_size, record_count, fetched_at)
VALUES ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6::jsonb, $7::integer, $8::jsonb, $9, 'zlib', $10, $11::bigint, $12::integer,
        $13::timestamptz)
