-- Functions that the merge and the rollup share (reference/canonical-model.md 5 and 2.1).

SET LOCAL search_path = etl, public;

CREATE EXTENSION IF NOT EXISTS "uuid-ossp" SCHEMA public;
CREATE FUNCTION uuid5(name text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT public.uuid_generate_v5('e07eee82-723a-5041-bd89-b8e5b82da15b', name) $$;


-- 16-byte version: 8 bytes microseconds since 1970 (big endian), 1 byte rank, 7 bytes of SHA-256
CREATE FUNCTION mk_ver(ts timestamptz, rnk integer, payload bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT int8send(GREATEST(0, round(EXTRACT(epoch FROM ts) * 1000000)::bigint))
      || set_byte('\x00'::bytea, 0, rnk) || substring(sha256(payload) FROM 1 FOR 7) $$;

CREATE FUNCTION status_rank(s text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (CASE s WHEN 'pending' THEN 0 WHEN 'received' THEN 5 WHEN 'sent' THEN 10 WHEN 'failed' THEN 15
                 WHEN 'delivered' THEN 20 WHEN 'read' THEN 30 WHEN 'played' THEN 40 END)::smallint $$;

-- seconds of [p_from, p_to) inside the schedule; a window whose end <= start runs past midnight
CREATE FUNCTION business_seconds(p_schedule jsonb, p_tz text, p_holidays date[], p_from timestamptz, p_to timestamptz)
RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT COALESCE(sum(EXTRACT(epoch FROM LEAST(w.hi, p_to) - GREATEST(w.lo, p_from))), 0)::bigint
  FROM generate_series(((p_from AT TIME ZONE p_tz)::date - 1)::timestamp, (p_to AT TIME ZONE p_tz)::date::timestamp, interval '1 day') AS d(d)
  JOIN jsonb_to_recordset(p_schedule) AS s(day int, enabled boolean, "start" time, "end" time)
    ON s.day = EXTRACT(isodow FROM d.d) AND COALESCE(s.enabled, true)
  CROSS JOIN LATERAL (SELECT (d.d::date + s."start") AT TIME ZONE p_tz AS lo,
         (d.d::date + s."end" + CASE WHEN s."end" <= s."start" THEN interval '1 day' ELSE interval '0' END) AT TIME ZONE p_tz AS hi) w
  WHERE NOT (d.d::date = ANY (p_holidays)) AND w.lo < p_to AND w.hi > p_from AND p_from < p_to $$;

-- the instant at which p_secs business seconds after p_from have passed (searches at most 366 days)
CREATE FUNCTION add_business_seconds(p_schedule jsonb, p_tz text, p_holidays date[], p_from timestamptz, p_secs bigint)
RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE r record; remaining numeric := p_secs; a timestamptz; avail numeric;
BEGIN
  FOR r IN
    SELECT w.lo, w.hi
    FROM generate_series(((p_from AT TIME ZONE p_tz)::date - 1)::timestamp, ((p_from AT TIME ZONE p_tz)::date + 366)::timestamp, interval '1 day') AS d(d)
    JOIN jsonb_to_recordset(p_schedule) AS s(day int, enabled boolean, "start" time, "end" time)
      ON s.day = EXTRACT(isodow FROM d.d) AND COALESCE(s.enabled, true)
    CROSS JOIN LATERAL (SELECT (d.d::date + s."start") AT TIME ZONE p_tz AS lo,
           (d.d::date + s."end" + CASE WHEN s."end" <= s."start" THEN interval '1 day' ELSE interval '0' END) AT TIME ZONE p_tz AS hi) w
    WHERE NOT (d.d::date = ANY (p_holidays)) AND w.hi > p_from
    ORDER BY w.lo
  LOOP
    a := GREATEST(r.lo, p_from);
    avail := EXTRACT(epoch FROM r.hi - a);
    IF remaining <= avail THEN RETURN a + make_interval(secs => remaining::double precision); END IF;
    remaining := remaining - avail;
  END LOOP;
  RETURN 'infinity';
END $$;

CREATE FUNCTION nonneg_s(i interval) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT CASE WHEN i >= interval '0' THEN floor(EXTRACT(epoch FROM i))::integer END $$;

COMMENT ON FUNCTION uuid5(text) IS 'Deterministic id: UUIDv5 of the name in the namespace of the canonical model.';
COMMENT ON FUNCTION mk_ver(timestamptz, integer, bytea) IS 'Version of a field group: as-of microseconds, rank, seven bytes of SHA-256. The greater version wins as a whole.';
COMMENT ON FUNCTION status_rank(text) IS 'Rank of a message status; a status never goes to a lower rank.';
COMMENT ON FUNCTION business_seconds(jsonb, text, date[], timestamptz, timestamptz) IS 'Seconds of [from, to) inside an office_hours schedule.';
COMMENT ON FUNCTION add_business_seconds(jsonb, text, date[], timestamptz, bigint) IS 'Instant at which so many office-hour seconds have passed; infinity when not within 366 days.';
COMMENT ON FUNCTION nonneg_s(interval) IS 'Whole seconds of an interval, rounded down; NULL for a negative one.';
