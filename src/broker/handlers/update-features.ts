import { errorCodes } from '../../protocol/error-codes.ts';
import { updateFeatures } from '../../protocol/messages/update-features.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { decideFeatures } from '../catalog/decide-features.ts';
import { defineHandler } from '../handler.ts';

/** Until then every feature has a result of its own. */
const lastVersionWithResults = 1;

/** UpdateFeatures: finalized levels go up or down; what is not served stays as it is. */
export const updateFeaturesHandler = (catalog: Catalog, controllerId: number) =>
  defineHandler(updateFeatures, {
    async answer({ featureUpdates, validateOnly }, { apiVersion }) {
      const updates = featureUpdates.map(({ feature, maxVersionLevel, upgradeType }) => ({
        feature,
        level: maxVersionLevel,
        upgradeType,
      }));
      const refusal = await catalog.transact((image) =>
        decideFeatures(image, updates, { validateOnly, controllerId }),
      );
      if (refusal !== undefined) {
        return {
          throttleTimeMs: 0,
          errorCode: errorCodes.INVALID_UPDATE_VERSION,
          errorMessage: `The update failed for all features since the following feature had an error: ${refusal}`,
        };
      }
      const results = updates.map(({ feature }) => ({
        feature,
        errorCode: errorCodes.NONE,
        errorMessage: 'NONE',
      }));
      return {
        throttleTimeMs: 0,
        errorCode: errorCodes.NONE,
        errorMessage: null,
        ...(apiVersion <= lastVersionWithResults && { results }),
      };
    },
    refuse: (errorCode, errorMessage) => ({ throttleTimeMs: 0, errorCode, errorMessage }),
  });
