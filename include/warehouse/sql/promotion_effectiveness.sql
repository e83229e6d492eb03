-- One row for each channel: listeners of promoted shows, beside those of the same creators' shows without promotion.
-- Creators all of whose shows were promoted are left out: there is nothing to compare them with.
WITH heard AS (
    SELECT show_id, creator_id, COUNT(DISTINCT user_id) AS listeners
    FROM amp."session"
    WHERE day BETWEEN :first AND :day
    GROUP BY show_id, creator_id
),

promoted AS (
    SELECT DISTINCT channel, show_id, creator_id
    FROM amp."promotion"
    WHERE day BETWEEN :first AND :day
),

usual AS (
    SELECT heard.creator_id, AVG(CAST(heard.listeners AS DOUBLE PRECISION)) AS listeners
    FROM heard
    LEFT JOIN promoted ON heard.show_id = promoted.show_id
    WHERE promoted.show_id IS NULL
    GROUP BY heard.creator_id
)

SELECT
    promoted.channel,
    COUNT(*) AS shows,
    AVG(CAST(COALESCE(heard.listeners, 0) AS DOUBLE PRECISION)) AS listeners,
    AVG(usual.listeners) AS usual_listeners
FROM promoted
JOIN usual ON promoted.creator_id = usual.creator_id
LEFT JOIN heard ON promoted.show_id = heard.show_id
GROUP BY promoted.channel
ORDER BY promoted.channel
