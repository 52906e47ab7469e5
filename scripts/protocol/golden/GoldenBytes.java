import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

/**
 * Writes messages through Apache Kafka's own serializers.
 *
 * Reads one message a line, {"name": ..., "version": ..., "values": {...}}, and prints its bytes in
 * base64, one message a line.
 */
public final class GoldenBytes {
    private static final String[] PACKAGES = {
        "org.apache.kafka.common.message",
        "org.apache.kafka.common.metadata",
        "org.apache.kafka.raft.generated",
        "org.apache.kafka.coordinator.group.generated",
        "org.apache.kafka.coordinator.transaction.generated",
        "org.apache.kafka.coordinator.share.generated",
    };

    public static void main(String[] args) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode message = mapper.readTree(line);
            String name = message.get("name").asText();
            short version = (short) message.get("version").asInt();
            try {
                out.println(bytesOf(converterOf(name), message.get("values"), version));
            } catch (Exception e) {
                throw new IllegalStateException(name + " version " + version, e);
            }
        }
        out.flush();
    }

    private static String bytesOf(Class<?> converter, JsonNode values, short version) throws Exception {
        Method read = converter.getMethod("read", JsonNode.class, short.class);
        Message message = (Message) read.invoke(null, values, version);
        ByteBufferAccessor bytes = MessageUtil.toByteBufferAccessor(message, version);
        ByteBuffer buffer = bytes.buffer();
        byte[] array = new byte[buffer.remaining()];
        buffer.get(array);
        return Base64.getEncoder().encodeToString(array);
    }

    /** Kafka's generator gives requests, responses and headers a class name that ends in Data. */
    private static Class<?> converterOf(String name) throws ClassNotFoundException {
        for (String folder : PACKAGES) {
            for (String ending : new String[] {"", "Data"}) {
                try {
                    return Class.forName(folder + "." + name + ending + "JsonConverter");
                } catch (ClassNotFoundException e) {
                    // not there, look further
                }
            }
        }
        throw new ClassNotFoundException(name);
    }
}
