// One answer of the exporter, taken apart: a message for each tile, in the order that was asked for.
const answer = msg.statusCode === 200 && msg.payload ? msg.payload : {};
const parts = [].concat(answer.figures || [], answer.lists || []);
return Array.from({ length: node.outputCount }, (_, place) => ({
    payload: {
        stale: true, value: null, rows: null, ...parts[place],
        refresh: msg.refresh, when_stale: msg.when_stale
    }
}));
