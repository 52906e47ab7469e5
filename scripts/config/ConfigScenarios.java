import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.lang.reflect.Method;
import java.net.Socket;
import java.nio.ByteBuffer;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * Sends requests, given as JSON, to a broker, one after the other, and prints each with its answer.
 * Usage: ConfigScenarios HOST PORT scenarios.json; each scenario is
 * { "about": ..., "api": "DescribeConfigs", "version": 4, "request": {...} }.
 */
public class ConfigScenarios {
    public static void main(String[] args) throws Exception {
        ObjectMapper json = new ObjectMapper();
        ArrayNode out = json.createArrayNode();
        int correlationId = 0;
        for (JsonNode scenario : json.readTree(new File(args[2]))) {
            // A new connection each time: some requests make the broker close it.
            try (Socket socket = new Socket(args[0], Integer.parseInt(args[1]))) {
                ObjectNode done = scenario.deepCopy();
                done.set("response", exchange(socket, scenario, ++correlationId));
                out.add(done);
            }
            Thread.sleep(150); // a change reaches the broker's own configuration a little later
        }
        System.out.println("[");
        for (int i = 0; i < out.size(); i++)
            System.out.println(out.get(i) + (i + 1 < out.size() ? "," : ""));
        System.out.println("]");
    }

    private static JsonNode exchange(Socket socket, JsonNode scenario, int correlationId) throws Exception {
        String api = scenario.get("api").asText();
        short version = (short) scenario.get("version").asInt();
        String prefix = "org.apache.kafka.common.message." + api;
        Class<?> requestClass = Class.forName(prefix + "RequestData");
        Class<?> responseClass = Class.forName(prefix + "ResponseData");
        Method read = Class.forName(prefix + "RequestDataJsonConverter").getMethod("read", JsonNode.class, short.class);
        Method write = Class.forName(prefix + "ResponseDataJsonConverter").getMethod("write", responseClass, short.class);
        ApiMessage request = (ApiMessage) read.invoke(null, scenario.get("request"), version);
        ApiKeys key = ApiKeys.forId(((ApiMessage) requestClass.getConstructor().newInstance()).apiKey());
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(key.id)
            .setRequestApiVersion(version).setClientId("scenarios").setCorrelationId(correlationId);

        short headerVersion = key.requestHeaderVersion(version);
        ObjectSerializationCache cache = new ObjectSerializationCache();
        int size = header.size(cache, headerVersion) + request.size(cache, version);
        ByteBuffer buffer = ByteBuffer.allocate(size);
        header.write(new ByteBufferAccessor(buffer), cache, headerVersion);
        request.write(new ByteBufferAccessor(buffer), cache, version);
        DataOutputStream to = new DataOutputStream(socket.getOutputStream());
        to.writeInt(size);
        to.write(buffer.array());
        to.flush();

        socket.setSoTimeout(5_000); // an error that names no request leaves some without any answer
        DataInputStream from = new DataInputStream(socket.getInputStream());
        int length;
        try {
            length = from.readInt();
        } catch (java.io.EOFException | java.net.SocketTimeoutException e) {
            return null;
        }
        byte[] bytes = new byte[length];
        from.readFully(bytes);
        ByteBufferAccessor in = new ByteBufferAccessor(ByteBuffer.wrap(bytes));
        new ResponseHeaderData(in, key.responseHeaderVersion(version));
        Object response = responseClass.getConstructor().newInstance();
        ((ApiMessage) response).read(in, version);
        return (JsonNode) write.invoke(null, response, version);
    }
}
