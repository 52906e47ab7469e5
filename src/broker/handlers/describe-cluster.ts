import { errorCodes } from '../../protocol/error-codes.ts';
import { describeCluster } from '../../protocol/messages/describe-cluster.ts';
import type { DescribeClusterResponse } from '../../protocol/messages/describe-cluster.ts';
import { clusterOperations, controllerId, endpointOf } from '../catalog/cluster-view.ts';
import type { MetadataImage } from '../catalog/image.ts';
import { defineHandler } from '../handler.ts';

/** Kafka's EndpointType: who is asked for. */
const brokerEndpoint = 1;
const controllerEndpoint = 2;

/** DescribeCluster (key 60). */
export const describeClusterHandler = () =>
  defineHandler(describeCluster, {
    answer(request, { image, listener, nodeId, apiVersion }) {
      const { endpointType, includeFencedBrokers, includeClusterAuthorizedOperations } = request;
      if (endpointType !== brokerEndpoint) return wrongEndpoint(endpointType, apiVersion);
      const brokers = brokersOf(image, listener, includeFencedBrokers);
      const controller = controllerId(image, nodeId);
      return {
        throttleTimeMs: 0,
        errorCode: errorCodes.NONE,
        clusterId: image.clusterId,
        controllerId: brokers.some(({ brokerId }) => brokerId === controller) ? controller : -1,
        brokers,
        ...(includeClusterAuthorizedOperations && {
          clusterAuthorizedOperations: clusterOperations,
        }),
      };
    },
    refuse,
  });

const refuse = (errorCode: number, errorMessage: string): DescribeClusterResponse => ({
  throttleTimeMs: 0,
  errorCode,
  errorMessage,
  clusterId: '',
  brokers: [],
});

function wrongEndpoint(endpointType: number, version: number): DescribeClusterResponse {
  const isKnown = endpointType === controllerEndpoint;
  const code = isKnown ? errorCodes.MISMATCHED_ENDPOINT_TYPE : errorCodes.UNSUPPORTED_ENDPOINT_TYPE;
  return refuse(
    version === 0 ? errorCodes.INVALID_REQUEST : code,
    isKnown
      ? 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER'
      : `Unsupported endpoint type ${endpointType}`,
  );
}

function brokersOf(
  image: MetadataImage,
  listener: string,
  includeFenced: boolean,
): DescribeClusterResponse['brokers'] {
  return [...image.brokers.values()]
    .filter(({ fenced }) => includeFenced || !fenced)
    .flatMap((broker) => {
      const endpoint = endpointOf(broker, listener);
      if (endpoint === undefined) return [];
      const { host, port } = endpoint;
      return [{ brokerId: broker.id, host, port, rack: broker.rack, isFenced: broker.fenced }];
    });
}
